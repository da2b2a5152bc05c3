using System.Globalization;

namespace Privatemode.AI.Soak.Scenarios;

/// <summary>Runs a scenario and prints its line.</summary>
internal static class ScenarioRun
{
    /// <returns>Whether nothing was violated.</returns>
    public static async Task<bool> RunAsync(SoakOptions options)
    {
        // A clock that jumps can be wrong by more than evidence allows.
        Tally tally = new(options.Scenario == ScenarioName.Day ? Provocations.Verification : Provocations.None);
        TaskScheduler.UnobservedTaskException += (_, args) => tally.Violate($"an exception of a task was not observed: {args.Exception}");
        long began = TimeProvider.System.GetTimestamp();
        string counts = options.Scenario switch
        {
            ScenarioName.Day => await new DayScenario(options, tally).RunAsync(),
            ScenarioName.Streams => await new StreamsScenario(options, tally).RunAsync(),
            ScenarioName.Dispose => await new DisposeScenario(options, tally).RunAsync(),
            ScenarioName.Logs => await new LogsScenario(options, tally).RunAsync(),
            _ => await new StarvedScenario(options, tally).RunAsync(),
        };
        GC.Collect();
        GC.WaitForPendingFinalizers();
        foreach (string kind in tally.NeverRight(tally.Kinds.DefaultIfEmpty("calls")))
        {
            tally.Violate($"{kind}: not one call was answered, so this run says nothing about it");
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{options.Scenario.ToString().ToLowerInvariant()} {(tally.Violations == 0 ? "PASSED" : "FAILED")} in "
            + $"{TimeProvider.System.GetElapsedTime(began).TotalSeconds:F0} s: {counts}; {tally.ToLine()}, seed {options.Seed}"));
        return tally.Violations == 0;
    }
}

/// <summary>How a call of a scenario ended.</summary>
internal static class Ending
{
    /// <summary>Runs a call, which must end in time, with the right answer or an exception that is expected.</summary>
    /// <param name="isExpected">By default, the exceptions of a call that failed through no fault of the caller.</param>
    public static async Task<Outcome> OfAsync(Func<Task<Outcome>> call, TimeSpan deadline, Func<Exception, bool>? isExpected = null)
    {
        try
        {
            return await call().WaitAsync(deadline, TimeProvider.System);
        }
        catch (TimeoutException)
        {
            return Outcome.Violation(string.Create(CultureInfo.InvariantCulture, $"did not end within {deadline.TotalSeconds} s"));
        }
        catch (Exception exception)
        {
            return Of(exception, isExpected ?? IsServiceFailure);
        }
    }

    public static Outcome Of(Exception exception, Func<Exception, bool> isExpected) =>
        !isExpected(exception) || exception.ToString().Contains(Marker.Sentinel, StringComparison.Ordinal)
            ? Outcome.Violation(exception.ToString())
            : new Outcome(OutcomeKind.Error, $"{exception.GetType().Name} {(exception as PrivatemodeException)?.ErrorType}".TrimEnd());

    /// <remarks>Failures of a verification or of the integrity of an answer are among them. The tally refuses those that the run does not cause.</remarks>
    public static bool IsServiceFailure(Exception exception) => exception is PrivatemodeException
        and not (PrivatemodeConfigurationException or PrivatemodeRequestException or PrivatemodeWouldLeakException);
}
