using System.Reflection;

using Xunit.Abstractions;
using Xunit.Sdk;

namespace Privatemode.AI.Mutation.Tests;

/// <summary>The test cases of Privatemode.AI.Tests: found once, run in this process as often as dotnet-stryker asks.</summary>
internal sealed class UnitTests : IDisposable
{
    /// <summary>Beginnings of full class names, separated by semicolons: which tests take part. Empty: all.</summary>
    public const string OnlyVariable = "PRIVATEMODE_MUTATION_TESTS";

    /// <summary>Parts of full class names, separated by semicolons: which of them do not.</summary>
    public const string WithoutVariable = "PRIVATEMODE_MUTATION_WITHOUT";

    private readonly Assembly _assembly = Assembly.Load("Privatemode.AI.Tests");
    private readonly XunitTestFramework _framework = new(new IgnoredMessages());
    private readonly Lazy<Dictionary<string, IXunitTestCase>> _cases;

    public UnitTests() => _cases = new Lazy<Dictionary<string, IXunitTestCase>>(Find);

    public IReadOnlyDictionary<string, IXunitTestCase> Cases => _cases.Value;

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
        discoverer.Find(includeSourceInformation: false, found, new Options());
        found.Finished.WaitOne();
        string[] only = Parts(OnlyVariable), without = Parts(WithoutVariable);
        return found.Cases.Where(found => TakesPart(found.TestMethod.TestClass.Class.Name, only, without))
            .DistinctBy(found => found.UniqueID)
            .ToDictionary(found => found.UniqueID);
    }

    private static bool TakesPart(string type, string[] only, string[] without) =>
        (only.Length == 0 || only.Any(start => type.StartsWith(start, StringComparison.Ordinal)))
        && !without.Any(part => type.Contains(part, StringComparison.Ordinal));

    private static string[] Parts(string variable) =>
        (Environment.GetEnvironmentVariable(variable) ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

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
        private readonly Dictionary<string, object?> _values = [];

        public TValue? GetValue<TValue>(string name) => _values.TryGetValue(name, out object? value) ? (TValue?)value : default;

        public void SetValue<TValue>(string name, TValue value) => _values[name] = value;
    }
}
