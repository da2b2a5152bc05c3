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

/// <summary>Counts outcomes, and keeps the first violations.</summary>
internal sealed class Tally
{
    private const int MaxRetained = 40;

    private readonly ConcurrentDictionary<(string Call, OutcomeKind Kind), long> _outcomes = new();
    private readonly ConcurrentDictionary<string, long> _errors = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _violations = [];
    private int _violationCount;

    public int Violations => Volatile.Read(ref _violationCount);

    public long Calls => _outcomes.Values.Sum();

    public long Right => _outcomes.Where(entry => entry.Key.Kind == OutcomeKind.Right).Sum(entry => entry.Value);

    public void Add(string call, Outcome outcome)
    {
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
