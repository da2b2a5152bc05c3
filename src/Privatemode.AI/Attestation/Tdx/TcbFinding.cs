using System.Text.Json;

namespace Privatemode.AI.Attestation.Tdx;

/// <summary>What Intel says about one level of a TCB.</summary>
/// <param name="Status">Its status.</param>
/// <param name="Date">All weaknesses published by then are repaired, unless the status says otherwise.</param>
/// <param name="Advisories">Intel's advisories that apply.</param>
internal sealed record TcbFinding(TcbStatus Status, DateTimeOffset Date, IReadOnlyList<string> Advisories)
{
    /// <summary>Reads the members that every level ends with. A status that is not known is malformed: it could mean anything.</summary>
    public static TcbFinding Read(JsonElement level) => new(
        TcbStatuses.Find(level.ReadText("tcbStatus")) ?? throw new JsonException(),
        level.ReadDate("tcbDate"),
        level.ReadTexts("advisoryIDs"));

    /// <summary>The finding about a whole from those about two of its parts: worst status, oldest date, all advisories.</summary>
    public TcbFinding Converge(TcbFinding other) => new(
        TcbStatuses.Converge(Status, other.Status),
        Date <= other.Date ? Date : other.Date,
        Advisories.Count == 0 ? other.Advisories : [.. Advisories.Union(other.Advisories, StringComparer.Ordinal)]);
}
