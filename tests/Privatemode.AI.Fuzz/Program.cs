using Privatemode.AI.Fuzz;
using Privatemode.AI.Fuzz.Corpus;
using Privatemode.AI.Fuzz.Running;
using Privatemode.AI.Fuzz.Targets;

if (FuzzOptions.Parse(args) is not { } options)
{
    Console.WriteLine(FuzzOptions.Usage);
    return 2;
}

if (options.Instrument is { } folder)
{
    AflRun.Instrument(folder);
    return 0;
}

if (options.IsAfl || options.Corpus is not null || options.IsList)
{
    return RunForAfl(options);
}

IReadOnlyList<FuzzTarget> targets = AllTargets.Create();
Console.WriteLine($"{targets.Count} targets, {targets.Sum(target => target.Seeds.Count)} seeds, "
    + $"third-party vectors {(CorpusFiles.ThirdParty is null ? "absent" : "present")}, seed {options.Seed}");
if (options.IsSelfTest)
{
    return SelfTest.Run(targets) == 0 ? 0 : 1;
}

FuzzTarget[] chosen = [.. targets.Where(target => options.Target is null || target.Name == options.Target)];
if (chosen.Length == 0)
{
    Console.WriteLine($"--target is one of: {string.Join(", ", targets.Select(target => target.Name))}");
    return 2;
}

(long total, int failures) = (0, 0);
foreach (FuzzTarget target in chosen)
{
    TargetRun run = new(target, options.Seed);
    TimeSpan time = options.Inputs is null && options.Iteration is null ? TimeSpan.FromSeconds((double)options.Seconds / chosen.Length) : TimeSpan.MaxValue;
    long inputs = options.Iteration is null ? options.Inputs ?? long.MaxValue : 1;
    TimeSpan took = run.Run(time, inputs, Environment.ProcessorCount, options.Iteration ?? 0);
    Console.WriteLine($"{target.Name,-18} {run.Inputs,12:N0} inputs {run.Inputs / took.TotalSeconds,10:N0}/s"
        + $" {run.Accepted,10:N0} accepted {run.Failures.Count,3} failures");
    foreach (Failure failure in run.Failures)
    {
        Console.WriteLine(failure.ToText());
    }

    total += run.Inputs;
    failures += run.Failures.Count;
}

Console.WriteLine($"{total:N0} inputs, {failures} failures");
return failures == 0 ? 0 : 1;

static int RunForAfl(FuzzOptions options)
{
    if (options.IsAfl)
    {
        AflRun.Prepare();
    }

    CorpusFiles.UseOwnOnly();
    FuzzTarget[] targets = [.. AllTargets.Create().Where(target => options.Target is null || target.Name == options.Target)];
    foreach (FuzzTarget target in options.IsAfl ? targets.Take(1) : targets)
    {
        if (options.IsAfl)
        {
            AflRun.Run(options.IsPlanted ? SelfTest.Plant(target) : target);
        }
        else if (options.Corpus is { } corpus)
        {
            AflRun.WriteCorpus(target, Path.Combine(corpus, target.Name));
        }
        else
        {
            Console.WriteLine(target.Name);
        }
    }

    return targets.Length == 0 ? 2 : 0;
}
