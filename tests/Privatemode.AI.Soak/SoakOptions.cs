using System.Globalization;

namespace Privatemode.AI.Soak;

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
}

/// <summary>The arguments of the program.</summary>
internal sealed record SoakOptions(int Clients, TimeSpan Duration, int Seed, Breakage Breakage)
{
    public const string Usage = "Privatemode.AI.Soak [--clients 64] [--minutes 10 | --seconds 20] [--seed S] [--break foreign|short|plaintext|hang|leak]";

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
            bool isNumber = int.TryParse(args[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out int number);
            SoakOptions? next = args[i] switch
            {
                "--clients" when isNumber && number is >= 1 and <= 999 => options with { Clients = number },
                "--minutes" when isNumber && number >= 1 => options with { Duration = TimeSpan.FromMinutes(number) },
                "--seconds" when isNumber && number >= 5 => options with { Duration = TimeSpan.FromSeconds(number) },
                "--seed" when isNumber => options with { Seed = number },
                "--break" when !isNumber && Enum.TryParse(args[i + 1], ignoreCase: true, out Breakage breakage) => options with { Breakage = breakage },
                _ => null,
            };
            if (next is null)
            {
                return null;
            }

            options = next;
        }

        return options;
    }
}
