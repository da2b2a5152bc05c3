using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace Privatemode.AI.Soak;

/// <summary>How a call ended. Each is a column of the table.</summary>
internal enum OutcomeKind
{
    /// <summary>The right answer, whole.</summary>
    Right,

    /// <summary>An error in the form of the caller's API before anything of an answer, or an exception of the library.</summary>
    Error,

    /// <summary>An error after the beginning of an answer, which was right so far and is not marked as complete.</summary>
    ErrorEvent,

    /// <summary>The connection broke, and the answer is not marked as complete.</summary>
    Cut,

    /// <summary>The caller had enough.</summary>
    Aborted,

    /// <summary>Anything else.</summary>
    Violation,
}

/// <summary>How a call ended.</summary>
/// <param name="Kind">The column.</param>
/// <param name="Detail">The code of an error, or what is wrong.</param>
internal readonly record struct Outcome(OutcomeKind Kind, string Detail = "")
{
    public static readonly Outcome Right = new(OutcomeKind.Right);

    public static Outcome Violation(string detail) => new(OutcomeKind.Violation, detail);
}

/// <summary>What a run does that lets calls end with other failures than those of a service.</summary>
[Flags]
internal enum Provocations
{
    None = 0,

    /// <summary>Evidence is wrong, or the clock is: verifications fail.</summary>
    Verification = 1,

    /// <summary>Answers are altered or cut.</summary>
    Integrity = 2,
}

/// <summary>Counts outcomes, and keeps the first violations.</summary>
/// <param name="provocations">What the run does. A failure that it does not cause is a violation, because it would be a mistake of the library.</param>
internal sealed class Tally(Provocations provocations = Provocations.None)
{
    private const int MaxRetained = 40;

    private readonly ConcurrentDictionary<(string Call, OutcomeKind Kind), long> _outcomes = new();
    private readonly ConcurrentDictionary<string, long> _errors = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _violations = [];
    private int _violationCount;

    public int Violations => Volatile.Read(ref _violationCount);

    /// <summary>The kinds of calls that were made.</summary>
    public IEnumerable<string> Kinds => _outcomes.Keys.Select(key => key.Call).Distinct().Order(StringComparer.Ordinal);

    public long Calls => _outcomes.Values.Sum();

    private long Right => _outcomes.Where(entry => entry.Key.Kind == OutcomeKind.Right).Sum(entry => entry.Value);

    public void Add(string call, Outcome outcome)
    {
        if (outcome.Kind != OutcomeKind.Violation && !IsProvoked(outcome.Detail))
        {
            outcome = Outcome.Violation($"{outcome.Kind} {outcome.Detail}, which this run does not cause");
        }

        _ = _outcomes.AddOrUpdate((call, outcome.Kind), 1, (_, count) => count + 1);
        if (outcome.Kind == OutcomeKind.Violation)
        {
            Violate($"{call}: {outcome.Detail}");
        }
        else if (outcome.Kind != OutcomeKind.Right && outcome.Detail.Length > 0)
        {
            _ = _errors.AddOrUpdate(outcome.Detail, 1, (_, count) => count + 1);
        }
    }

    /// <summary>Whether a failure is one that the run causes.</summary>
    /// <param name="failure">What it begins with: the type of an exception, or the name of an event in the proxy's log.</param>
    public bool IsProvoked(string failure)
    {
        bool isIntegrity = BeginsWith("IntegrityFailure") || BeginsWith(nameof(PrivatemodeIntegrityException));
        bool isVerification = BeginsWith("DeploymentRefused") || BeginsWith(nameof(PrivatemodeVerificationException));
        return (!isIntegrity || provocations.HasFlag(Provocations.Integrity)) && (!isVerification || provocations.HasFlag(Provocations.Verification));

        bool BeginsWith(string name) => failure.StartsWith(name, StringComparison.Ordinal);
    }

    /// <summary>Something that must not happen.</summary>
    public void Violate(string what)
    {
        if (Interlocked.Increment(ref _violationCount) <= MaxRetained)
        {
            _violations.Enqueue(what);
            Console.WriteLine($"VIOLATION {what}");
        }
    }

    /// <summary>Kinds of calls of which not one was answered: about them the run says nothing.</summary>
    public IEnumerable<string> NeverRight(IEnumerable<string> calls) => calls.Where(call => Count(call, OutcomeKind.Right) == 0);

    /// <summary>The counts of a scenario in one line.</summary>
    public string ToLine()
    {
        string errors = string.Join(", ", _errors.OrderByDescending(entry => entry.Value).Select(entry => $"{entry.Value} {entry.Key}"));
        return string.Create(CultureInfo.InvariantCulture,
            $"{Calls:N0} calls: {Right:N0} right, {_errors.Values.Sum():N0} errors{(errors.Length > 0 ? $" ({errors})" : "")}; {Violations} violations");
    }

    public string ToTable(IEnumerable<string> calls)
    {
        StringBuilder table = new();
        OutcomeKind[] kinds = Enum.GetValues<OutcomeKind>();
        Row("call", kinds.Select(kind => kind.ToString()));
        foreach (string call in calls)
        {
            Row(call, kinds.Select(kind => Text(Count(call, kind))));
        }

        Row("all", kinds.Select(kind => Text(_outcomes.Where(entry => entry.Key.Kind == kind).Sum(entry => entry.Value))));
        _ = table.AppendLine().AppendLine("errors, cuts and aborts by code:");
        foreach ((string code, long count) in _errors.OrderByDescending(entry => entry.Value))
        {
            _ = table.AppendLine(CultureInfo.InvariantCulture, $"  {count,9:N0}  {code}");
        }

        return table.ToString();

        void Row(string first, IEnumerable<string> cells) => table.AppendLine($"{first,-24}{string.Concat(cells.Select(cell => $"{cell,12}"))}");

        static string Text(long count) => count.ToString("N0", CultureInfo.InvariantCulture);
    }

    private long Count(string call, OutcomeKind kind) => _outcomes.GetValueOrDefault((call, kind));
}
