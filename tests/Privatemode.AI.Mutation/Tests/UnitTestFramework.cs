using System.Collections.Concurrent;

using Microsoft.Testing.Platform.Extensions.Messages;
using Microsoft.Testing.Platform.Extensions.TestFramework;
using Microsoft.Testing.Platform.Requests;

using Xunit.Sdk;

namespace Privatemode.AI.Mutation.Tests;

/// <summary>
/// The tests, as dotnet-stryker's runner for the Microsoft testing platform asks for them. That runner keeps this process and tells the mutated library
/// by a file which mutant is on; its other runner starts a process for each mutant.
/// </summary>
internal sealed class UnitTestFramework : ITestFramework, IDataProducer, IDisposable
{
    private readonly UnitTests _tests = new();
    private readonly Journal _journal = new();

    public string Uid => "privatemode-mutation";

    public string Version => "1";

    public string DisplayName => "Privatemode.AI.Tests for dotnet-stryker";

    public string Description => DisplayName;

    public Type[] DataTypesProduced => [typeof(TestNodeUpdateMessage)];

    public Task<bool> IsEnabledAsync() => Task.FromResult(true);

    public Task<CreateTestSessionResult> CreateTestSessionAsync(CreateTestSessionContext context) =>
        Task.FromResult(new CreateTestSessionResult { IsSuccess = true });

    public Task<CloseTestSessionResult> CloseTestSessionAsync(CloseTestSessionContext context) =>
        Task.FromResult(new CloseTestSessionResult { IsSuccess = true });

    public async Task ExecuteRequestAsync(ExecuteRequestContext context)
    {
        if (context.Request is DiscoverTestExecutionRequest)
        {
            foreach (IXunitTestCase one in _tests.Cases.Values)
            {
                await SendAsync(context, one, DiscoveredTestNodeStateProperty.CachedInstance);
            }
        }
        else if (context.Request is RunTestExecutionRequest run)
        {
            await RunAsync(context, run.Filter);
        }

        context.Complete();
    }

    public void Dispose() => _tests.Dispose();

    private async Task RunAsync(ExecuteRequestContext context, ITestExecutionFilter filter)
    {
        IXunitTestCase[] cases = filter is TestNodeUidListFilter { TestNodeUids: var chosen }
            ? [.. chosen.Select(uid => _tests.Cases.GetValueOrDefault(uid.Value)).OfType<IXunitTestCase>()]
            : [.. _tests.Cases.Values];
        int mutant = Journal.ActiveMutant();
        if (mutant >= 0 && _journal.Known(mutant) is { } known)
        {
            await SendKnownAsync(context, cases, known);
            return;
        }

        if (mutant >= 0)
        {
            _journal.Start(mutant);
        }

        var outcomes = new ConcurrentQueue<(IXunitTestCase Case, TestOutcome Outcome)>();
        bool ended = cases.Length == 0 || await new TestRun(_tests, (one, outcome) => outcomes.Enqueue((one, outcome))).RunAsync(cases);
        if (mutant >= 0)
        {
            _journal.End(mutant, !ended ? MutantOutcome.TimedOut
                : outcomes.Any(one => one.Outcome == TestOutcome.Failed) ? MutantOutcome.Killed : MutantOutcome.Survived);
        }

        foreach ((IXunitTestCase one, TestOutcome outcome) in outcomes)
        {
            await SendAsync(context, one, State(outcome));
        }

        if (!ended)
        {
            // A thread that loops cannot be stopped. dotnet-stryker starts the program anew for the next mutant.
            _ = Task.Delay(TimeSpan.FromSeconds(1)).ContinueWith(_ => Environment.Exit(0), TaskScheduler.Default);
        }
    }

    /// <remarks>A mutant survived for dotnet-stryker if all of its tests passed, and is dead with the first one that did not.</remarks>
    private async Task SendKnownAsync(ExecuteRequestContext context, IXunitTestCase[] cases, MutantOutcome known)
    {
        TestOutcome outcome = known switch
        {
            MutantOutcome.Survived => TestOutcome.Passed,
            MutantOutcome.TimedOut => TestOutcome.TimedOut,
            _ => TestOutcome.Failed,
        };
        foreach (IXunitTestCase one in known == MutantOutcome.Survived ? cases : cases.Take(1))
        {
            await SendAsync(context, one, State(outcome));
        }
    }

    private Task SendAsync(ExecuteRequestContext context, IXunitTestCase one, TestNodeStateProperty state) =>
        context.MessageBus.PublishAsync(this, new TestNodeUpdateMessage(context.Request.Session.SessionUid, new TestNode
        {
            Uid = one.UniqueID,
            DisplayName = one.DisplayName,
            Properties = new PropertyBag(state),
        }));

    private static TestNodeStateProperty State(TestOutcome outcome) => outcome switch
    {
        TestOutcome.Passed => PassedTestNodeStateProperty.CachedInstance,
        TestOutcome.Failed => new FailedTestNodeStateProperty("failed"),
        _ => new TimeoutTestNodeStateProperty("did not end"),
    };
}
