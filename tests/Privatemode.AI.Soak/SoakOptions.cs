using System.Globalization;

namespace Privatemode.AI.Soak;

/// <summary>What the program does; each ends with exit code 1 if anything was violated.</summary>
internal enum ScenarioName
{
    /// <summary>Many callers of client and proxy, with faults, aborts and renewals.</summary>
    Load,

    /// <summary>A day in fake time, with jumps of the clock and sleep.</summary>
    Day,

    /// <summary>A thousand streams that are open at once.</summary>
    Streams,

    /// <summary>Clients and proxies that are disposed while calls run.</summary>
    Dispose,

    /// <summary>Directories of manifests and collateral that cannot be used.</summary>
    Logs,

    /// <summary>Synchronous callers on all threads of the pool.</summary>
    Starved,

    /// <summary>No scenario: the deployment in a process of its own, which some of them use.</summary>
    Serve,
}

/// <summary>What to switch off, to see that the program notices.</summary>
internal enum Breakage
{
    None,

    /// <summary>The model sometimes answers one caller with the text for another.</summary>
    Foreign,

    /// <summary>The model sometimes leaves out the last word.</summary>
    Short,

    /// <summary>Something of a request is sent to the deployment in the clear.</summary>
    Plaintext,

    /// <summary>A call never ends.</summary>
    Hang,

    /// <summary>Handles and memory are not given back.</summary>
    Leak,

    /// <summary>The clock of the clients stands still, so that they use their secrets for too long.</summary>
    Expired,

    /// <summary>The clients use their verifications for longer than they should.</summary>
    Stale,

    /// <summary>Answers are altered on their way.</summary>
    Tampered,

    /// <summary>The deployment refuses calls that should be answered.</summary>
    Refused,

    /// <summary>The directories are not damaged, so that the expected errors do not come.</summary>
    Healthy,
}

/// <summary>The arguments of the program.</summary>
internal sealed record SoakOptions(int Clients, TimeSpan Duration, int Seed, Breakage Breakage)
{
    public const string Usage = """
        Privatemode.AI.Soak [--scenario load] [--clients 64] [--minutes 10 | --seconds 20] [--seed S] [--break foreign|short|plaintext|hang|leak]
        Privatemode.AI.Soak --scenario day|streams|dispose|logs|starved [--mode long|short] [--seed S] [--break BREAKAGE]
            BREAKAGE, which must make the scenario fail: day expired|stale, streams short, dispose leak|hang|tampered, logs healthy,
            starved hang|tampered|refused
        """;

    private static readonly Dictionary<ScenarioName, Breakage[]> Breakages = new()
    {
        [ScenarioName.Load] = [Breakage.Foreign, Breakage.Short, Breakage.Plaintext, Breakage.Hang, Breakage.Leak],
        [ScenarioName.Day] = [Breakage.Expired, Breakage.Stale],
        [ScenarioName.Streams] = [Breakage.Short],
        [ScenarioName.Dispose] = [Breakage.Leak, Breakage.Hang, Breakage.Tampered],
        [ScenarioName.Logs] = [Breakage.Healthy],
        [ScenarioName.Starved] = [Breakage.Hang, Breakage.Tampered, Breakage.Refused],
        [ScenarioName.Serve] = [Breakage.Short],
    };

    public ScenarioName Scenario { get; init; } = ScenarioName.Load;

    /// <summary>Whether a scenario other than the load has minutes rather than seconds.</summary>
    public bool IsLong { get; init; } = true;

    /// <summary>Whether the run is too short to compare memory closely: the compiler and the pools are still at work.</summary>
    public bool IsShort => Duration < TimeSpan.FromMinutes(5);

    /// <summary>When handles and memory are measured for the first time.</summary>
    public TimeSpan WarmUp => IsShort ? Duration * 0.4 : TimeSpan.FromMinutes(2);

    /// <summary>How long memory is given back before it is measured: threads keep pooled arrays for half a minute.</summary>
    public TimeSpan Rest => IsShort ? TimeSpan.FromSeconds(1) : TimeSpan.FromSeconds(35);

    /// <summary>Within what each call must end: the longest waits of the client and the proxy together, with room for a slow machine.</summary>
    public TimeSpan CallDeadline => Breakage == Breakage.Hang ? TimeSpan.FromSeconds(10) : TimeSpan.FromSeconds(90);

    /// <summary>The options; <see langword="null"/> if the arguments are wrong.</summary>
    public static SoakOptions? Parse(string[] args)
    {
        SoakOptions options = new(64, TimeSpan.FromMinutes(10), Random.Shared.Next(1, 1_000_000), Breakage.None);
        if (args.Length % 2 != 0)
        {
            return null;
        }

        for (int i = 0; i < args.Length; i += 2)
        {
            if (With(options, args[i], args[i + 1]) is not { } next)
            {
                return null;
            }

            options = next;
        }

        return options.Breakage == Breakage.None || Breakages[options.Scenario].Contains(options.Breakage) ? options : null;
    }

    private static SoakOptions? With(SoakOptions options, string name, string value)
    {
        bool isNumber = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number);
        return name switch
        {
            "--scenario" when !isNumber && Enum.TryParse(value, ignoreCase: true, out ScenarioName scenario) => options with { Scenario = scenario },
            "--mode" when value is "short" or "long" => options with { IsLong = value == "long" },
            "--clients" when isNumber && number is >= 1 and <= 999 => options with { Clients = number },
            "--minutes" when isNumber && number >= 1 => options with { Duration = TimeSpan.FromMinutes(number) },
            "--seconds" when isNumber && number >= 5 => options with { Duration = TimeSpan.FromSeconds(number) },
            "--seed" when isNumber => options with { Seed = number },
            "--break" when !isNumber && Enum.TryParse(value, ignoreCase: true, out Breakage breakage) => options with { Breakage = breakage },
            _ => null,
        };
    }
}
