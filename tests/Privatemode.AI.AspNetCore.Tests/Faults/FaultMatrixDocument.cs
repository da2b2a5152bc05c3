using System.Globalization;
using System.Text;
using Privatemode.AI.Testing;

namespace Privatemode.AI.AspNetCore.Tests.Faults;

/// <summary>The tables of docs/fault-matrix.md, from a run.</summary>
internal static class FaultMatrixDocument
{
    private const string End = "<!-- end -->";

    private static readonly (string Title, Func<MatrixCell, bool> IsIn)[] Times =
    [
        ("evidence", cell => cell.Source == EvidenceSource.Attestation),
        ("manifest", cell => cell.Source == EvidenceSource.Manifest),
        ("collateral", cell => cell.Source is not (null or EvidenceSource.Attestation or EvidenceSource.Manifest)),
        ("keys", cell => cell.Phase == FaultPhase.Exchange),
        ("whole answer", cell => cell is { IsAnswer: true, Call: { IsStream: false, IsEncrypted: true } }),
        ("first event", cell => cell is { Phase: FaultPhase.First, Call.IsStream: true }),
        ("later event", cell => cell is { Phase: FaultPhase.Middle or FaultPhase.End, Call.IsStream: true }),
        ("model list", cell => cell is { IsAnswer: true, Call.IsEncrypted: false }),
    ];

    /// <summary>The text with the tables of a run in place of those it has.</summary>
    public static string Replace(string text, IReadOnlyList<MatrixResult> results)
    {
        text = Replace(text, "totals", Totals(results));
        text = Replace(text, "counts", Counts(results));
        text = Replace(text, "reasons", Reasons());
        return Replace(text, "outcomes", Outcomes(results));
    }

    private static string Replace(string text, string name, string table)
    {
        string mark = $"<!-- generated: {name} -->\n";
        int begin = text.IndexOf(mark, StringComparison.Ordinal) + mark.Length;
        return begin < mark.Length
            ? throw new InvalidOperationException($"The document has no line {mark}")
            : text[..begin] + table + text[text.IndexOf(End, begin, StringComparison.Ordinal)..];
    }

    /// <summary>One line for each endpoint.</summary>
    private static string Totals(IReadOnlyList<MatrixResult> results)
    {
        StringBuilder table = new("| calls | cells | right | retried | error |\n| --- | --- | --- | --- | --- |\n");
        foreach (IGrouping<string, MatrixResult> endpoint in results.GroupBy(result => result.Cell.Call.Path)
            .OrderBy(group => MatrixCall.All.Select(call => call.Path).ToList().IndexOf(group.Key)))
        {
            _ = table.Append(Row($"`{endpoint.Key}`", endpoint));
        }

        return table.Append(Row("all", results)).ToString();

        static string Row(string name, IEnumerable<MatrixResult> results)
        {
            (int right, int retried, int error) = Count(results);
            return string.Create(CultureInfo.InvariantCulture, $"| {name} | {right + retried + error:N0} | {right:N0} | {retried:N0} | {error:N0} |\n");
        }
    }

    /// <summary>Creates the rows of the table: one row for each fault, and in it the counts of each entry.</summary>
    private static string Counts(IReadOnlyList<MatrixResult> results)
    {
        ILookup<(string Fault, string Entry), MatrixResult> groups = results.ToLookup(result => (result.Cell.Fault.Name, result.Cell.Entry));
        ILookup<(string Fault, string Entry), string?> all = FaultMatrix.All().ToLookup(pair => (pair.Cell.Fault.Name, pair.Cell.Entry), pair => pair.Reason);
        StringBuilder table = new(
            $"| fault | {string.Join(" | ", MatrixEntry.Names)} |\n|{string.Concat(Enumerable.Repeat(" --- |", MatrixEntry.Names.Count + 1))}\n");
        foreach (FaultRow fault in FaultRow.All)
        {
            _ = table.Append(CultureInfo.InvariantCulture, $"| `{fault.Name}` |");
            foreach (string entry in MatrixEntry.Names)
            {
                (int right, int retried, int error) = Count(groups[(fault.Name, entry)]);
                int missing = all[(fault.Name, entry)].Count(reason => reason is not null);
                _ = table.Append(CultureInfo.InvariantCulture, $" {right} · {retried} · {error} · {missing} |");
            }

            _ = table.Append('\n');
        }

        return table.ToString();
    }

    private static string Reasons()
    {
        StringBuilder table = new("| not applicable, because | combinations |\n| --- | --- |\n");
        foreach (IGrouping<string, string> reason in FaultMatrix.All().Select(pair => pair.Reason).OfType<string>().GroupBy(reason => reason)
            .OrderByDescending(group => group.Count()).ThenBy(group => group.Key, StringComparer.Ordinal))
        {
            _ = table.Append(CultureInfo.InvariantCulture, $"| {reason.Key} | {reason.Count():N0} |\n");
        }

        return table.ToString();
    }

    /// <summary>What a caller sees: one line for each fault and time, without the other two dialects of the proxy.</summary>
    private static string Outcomes(IReadOnlyList<MatrixResult> results)
    {
        StringBuilder table = new(
            $"| fault | hits | {string.Join(" | ", MatrixEntry.Names)} |\n|{string.Concat(Enumerable.Repeat(" --- |", MatrixEntry.Names.Count + 2))}\n");
        ILookup<string, MatrixResult> faults = results.Where(result => result.Cell.Call.Endpoint is not ("messages" or "responses"))
            .ToLookup(result => result.Cell.Fault.Name);
        foreach (FaultRow fault in FaultRow.All)
        {
            foreach (IGrouping<string, string> row in Times.Where(time => faults[fault.Name].Any(result => time.IsIn(result.Cell)))
                .GroupBy(time => Line(faults[fault.Name].Where(result => time.IsIn(result.Cell))), time => time.Title))
            {
                _ = table.Append(CultureInfo.InvariantCulture, $"| `{fault.Name}` | {string.Join(", ", row)} |{row.Key}\n");
            }
        }

        return table.ToString();
    }

    private static string Line(IEnumerable<MatrixResult> results) => string.Concat(MatrixEntry.Names.Select(entry => $" {string.Join("; ", results
        .Where(result => result.Cell.Entry == entry).Select(Word).Distinct().Order(StringComparer.Ordinal))} |"));

    private static string Word(MatrixResult result) =>
        result.Outcome != MatrixHost.Right ? $"`{result.Outcome}`" : result.Requests > result.Cell.UsualRequests ? "retried" : "right";

    private static (int Right, int Retried, int Error) Count(IEnumerable<MatrixResult> results)
    {
        ILookup<string, MatrixResult> words = results.ToLookup(Word);
        return (words["right"].Count(), words["retried"].Count(), words.Where(group => group.Key is not ("right" or "retried")).Sum(group => group.Count()));
    }
}
