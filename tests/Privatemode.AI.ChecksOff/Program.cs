using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Privatemode.AI.ChecksOff;

const int Interrupted = 130;

IReadOnlyList<IDisposable> signals = Command.HandleSignals();
try
{
    return Run(args);
}
catch (Exception exception) when (Command.IsEnding && exception is OperationCanceledException or AggregateException)
{
    Console.WriteLine("interrupted");
    return Interrupted;
}
catch (Exception exception) when (exception is InvalidDataException or InvalidOperationException)
{
    Console.WriteLine(exception.Message);
    return 1;
}
finally
{
    foreach (IDisposable signal in signals)
    {
        signal.Dispose();
    }
}

static int Run(string[] args)
{
    string repository = Command.Output("git", Environment.CurrentDirectory, "rev-parse", "--show-toplevel").Trim();
    IReadOnlyList<Check> all = CheckList.Read(Path.Combine(repository, "tests", "Privatemode.AI.ChecksOff", "Checks"));
    if (args is ["--list"])
    {
        Console.WriteLine(string.Join('\n', all.Select(check => $"{check.Number,4}  {check.Name}  ({check.File})")));
        SwitchedSources.Require(Path.Combine(repository, "src"), all);
        Console.WriteLine($"{all.Count} checks, all of them found in the sources");
        return 0;
    }

    if (Choose(args, all, repository) is not { } chosen)
    {
        Console.WriteLine("usage: checks-off [--sample COUNT | --only NAME | --list]");
        return 2;
    }

    if (chosen.Length == 0)
    {
        Console.WriteLine("No check has such a name; --list shows them all.");
        return 2;
    }

    long began = Stopwatch.GetTimestamp();
    using SwitchedBuild build = new();
    build.Make(repository, all, chosen.Select(check => check.Project).Distinct());
    Console.WriteLine($"{all.Count} checks compiled in ({Elapsed(began)}); {chosen.Length} are switched off, one at a time");
    RequirePassing(build, chosen);
    Console.WriteLine($"The tests pass while all checks are on ({Elapsed(began)})");
    int survivors = CountSurvivors(build, chosen);
    Console.WriteLine($"{chosen.Length - survivors} of {chosen.Length} switched-off checks were noticed ({Elapsed(began)})");
    return survivors == 0 ? 0 : 1;
}

static Check[]? Choose(string[] args, IReadOnlyList<Check> all, string repository) => args switch
{
    [] => [.. all],
    ["--only", string part] => [.. all.Where(check => check.Name.Contains(part, StringComparison.Ordinal))],
    ["--sample", string size] when int.TryParse(size, CultureInfo.InvariantCulture, out int count) && count > 0 =>
        [.. all.OrderBy(Order(Command.Output("git", repository, "rev-parse", "HEAD").Trim()), StringComparer.Ordinal).Take(count)],
    _ => null,
};

// Every commit has its own order of the checks, which nobody chooses.
static Func<Check, string> Order(string commit) => check => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(commit + check.Name)));

// With every check on, all tests named by the list pass: otherwise their failure would say nothing.
static void RequirePassing(SwitchedBuild build, Check[] chosen)
{
    foreach ((_, string project) in SwitchedBuild.Projects)
    {
        string[] filters = [.. chosen.Where(check => check.Project == project).SelectMany(check => check.TestNames).Distinct()];
        foreach (string[] some in filters.Chunk(40))
        {
            CommandResult result = build.Test(project, some, 0, TimeSpan.FromMinutes(30));
            if (result.ExitCode != 0 || !result.Output.Contains("Passed!", StringComparison.Ordinal))
            {
                throw new InvalidOperationException($"Tests fail although every check is on. Repair them first.\n{result.Output}");
            }
        }
    }
}

static int CountSurvivors(SwitchedBuild build, Check[] chosen)
{
    int survivors = 0;
    int done = 0;
    _ = Parallel.ForEach(chosen, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, check =>
    {
        CommandResult result = build.Test(check.Project, check.TestNames, check.Number, TimeSpan.FromMinutes(4));
        if (result.ExitCode is not null && !result.Output.Contains("Total:", StringComparison.Ordinal))
        {
            // The test host sometimes does not start on a busy machine. What a check does to the tests, it does again.
            result = build.Test(check.Project, check.TestNames, check.Number, TimeSpan.FromMinutes(4));
        }

        string? fault = result switch
        {
            { ExitCode: null } => "its tests did not end",
            { Output: var output } when !output.Contains("Total:", StringComparison.Ordinal) => "no test ran, or the test process ended early",
            { ExitCode: 0 } => "no test failed",
            _ => null,
        };
        if (fault is not null)
        {
            _ = Interlocked.Increment(ref survivors);
            Console.WriteLine($"SURVIVED [{check.Name}] {check.File}: {fault} (by {check.Tests})");
        }

        if (Interlocked.Increment(ref done) is var count && count % 25 == 0)
        {
            Console.WriteLine($"{count} of {chosen.Length}");
        }
    });
    return survivors;
}

static string Elapsed(long began) => $"{Stopwatch.GetElapsedTime(began).TotalSeconds:F0} s";
