using System.Reflection;

using Xunit.Abstractions;
using Xunit.Sdk;

namespace Privatemode.AI.Mutation.Tests;

/// <summary>The test cases of Privatemode.AI.Tests: found once, run in this process as often as needed.</summary>
/// <param name="folders">The folders of the project whose tests take part.</param>
internal sealed class UnitTests(string[] folders) : IDisposable
{
    private readonly Assembly _assembly = Assembly.Load("Privatemode.AI.Tests");
    private readonly XunitTestFramework _framework = new(new IgnoredMessages());
    private Dictionary<string, IXunitTestCase>? _cases;

    public Dictionary<string, IXunitTestCase> Cases => _cases ??= Find();

    public void Run(IEnumerable<IXunitTestCase> cases, IMessageSink results)
    {
        using ITestFrameworkExecutor executor = _framework.GetExecutor(_assembly.GetName());
        executor.RunTests(cases, results, new Options());
    }

    public void Dispose() => _framework.Dispose();

    private Dictionary<string, IXunitTestCase> Find()
    {
        using ITestFrameworkDiscoverer discoverer = _framework.GetDiscoverer(Reflector.Wrap(_assembly));
        using var found = new FoundCases();
        foreach (Type type in _assembly.GetTypes().Where(TakesPart))
        {
            found.Finished.Reset();
            discoverer.Find(type.FullName!, includeSourceInformation: false, found, new Options());
            found.Finished.WaitOne();
        }

        return found.Cases
            .DistinctBy(one => one.UniqueID)
            .ToDictionary(one => one.UniqueID);
    }

    private bool TakesPart(Type type) => type.IsPublic
        && folders.Any(folder => type.FullName!.StartsWith($"Privatemode.AI.Tests.{folder}.", StringComparison.Ordinal));

    private sealed class IgnoredMessages : IMessageSink
    {
        public bool OnMessage(IMessageSinkMessage message) => true;
    }

    private sealed class FoundCases : IMessageSink, IDisposable
    {
        public List<IXunitTestCase> Cases { get; } = [];

        public ManualResetEvent Finished { get; } = new(initialState: false);

        public bool OnMessage(IMessageSinkMessage message)
        {
            if (message is ITestCaseDiscoveryMessage { TestCase: IXunitTestCase found })
            {
                Cases.Add(found);
            }
            else if (message is IDiscoveryCompleteMessage)
            {
                Finished.Set();
            }

            return true;
        }

        public void Dispose() => Finished.Dispose();
    }

    private sealed class Options : ITestFrameworkDiscoveryOptions, ITestFrameworkExecutionOptions
    {
        // Tests of several classes at once would hide which of them a mutant fails first, and xunit throws when such a run is stopped.
        private readonly Dictionary<string, object?> _values = new() { ["xunit.execution.DisableParallelization"] = true };

        public TValue? GetValue<TValue>(string name) => _values.TryGetValue(name, out object? value) ? (TValue?)value : default;

        public void SetValue<TValue>(string name, TValue value) => _values[name] = value;
    }
}
