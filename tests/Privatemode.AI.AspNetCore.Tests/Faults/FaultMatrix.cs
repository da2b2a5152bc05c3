using Privatemode.AI.Testing;

namespace Privatemode.AI.AspNetCore.Tests.Faults;

/// <summary>All cells, and the run of those that exist.</summary>
internal static class FaultMatrix
{
    private const string Evidence = "evidence";
    private const string Collateral = "collateral";

    private static readonly EvidenceSource[] Requested = [EvidenceSource.Attestation, EvidenceSource.Manifest];

    /// <summary>Every combination, with the reason why it cannot exist.</summary>
    public static IEnumerable<(MatrixCell Cell, string? Reason)> All() =>
        from fault in FaultRow.All
        from entry in MatrixEntry.Names
        from call in MatrixCall.All
        from phase in Enum.GetValues<FaultPhase>()
        from source in phase == FaultPhase.Attest ? (EvidenceSource?[])[.. Enum.GetValues<EvidenceSource>()] : [null]
        let cell = new MatrixCell(fault, phase, call, entry, source)
        select (cell, WhyNot(cell));

    private static string? WhyNot(MatrixCell cell)
    {
        FaultRow fault = cell.Fault;
        return !cell.Call.Exists ? "the endpoint does not stream"
            : cell is { Entry: "adapters", Call.Endpoint: "messages" or "responses" } ? "there is no adapter for the endpoint"
            : cell.Phase switch
            {
                FaultPhase.Attest => WhyNotAttest(cell),
                FaultPhase.Exchange => !fault.Targets.HasFlag(FaultTarget.Exchange) ? "the fault does not apply to key exchanges" : null,
                _ => WhyNotAnswer(cell),
            };
    }

    private static string? WhyNotAttest(MatrixCell cell)
    {
        bool isGateway = cell.Source == EvidenceSource.Attestation;
        return !cell.Fault.Targets.HasFlag(isGateway ? FaultTarget.Attestation : FaultTarget.Public)
            || (cell.Fault.Name == "OutdatedManifest" && cell.Source != EvidenceSource.Manifest)
                ? "the fault does not apply to the source (gateway, publisher, AMD or Intel)"
            : !Requested.Contains(cell.Source!.Value) && (cell.Call != MatrixCall.All[0] || cell.Entry is not ("adapters" or "proxy"))
                ? "for collateral, the outcome does not depend on the call: tested with one call, through two entries"
            : null;
    }

    private static string? WhyNotAnswer(MatrixCell cell)
    {
        FaultTarget target = !cell.Call.IsEncrypted ? FaultTarget.List : cell.Call.IsStream ? FaultTarget.Stream : FaultTarget.Whole;
        bool hasEvents = cell.Call.IsStream || cell.Fault.Name is "CutConnection" or "ResetConnection";
        return !cell.Fault.Targets.HasFlag(target) ? $"the fault does not apply to {(target == FaultTarget.List ? "the model list"
                : target == FaultTarget.Stream ? "streams" : "whole answers")}"
            : !cell.Fault.Phases.Contains(cell.Phase) ? "the fault happens in another phase"
            : cell.Phase != FaultPhase.First && !hasEvents ? "a whole answer counts as one event"
            : cell.Fault.Name.StartsWith("GpuRev", StringComparison.Ordinal) && cell.Call.Endpoint == "documents" ? "the endpoint uses no GPU"
            : null;
    }

    /// <summary>Runs all cells that exist.</summary>
    public static async Task<IReadOnlyList<MatrixResult>> RunAsync()
    {
        MatrixCell[] cells = [.. All().Where(pair => pair.Reason is null).Select(pair => pair.Cell)];
        List<MatrixResult>[] results = await Task.WhenAll(cells.GroupBy(cell => (cell.Entry, Group: GroupOf(cell))).Select(
            group => Task.Run(() => group.Key.Group == Collateral ? RunColdAsync(group) : RunWarmAsync(group.Key.Entry, group.Key.Group == Evidence, group))));
        return [.. results.SelectMany(group => group)];
    }

    /// <summary>Cells that run one after the other: those for evidence and for keys need another clock, and collateral is retrieved once for all clients of
    /// a process, so that each of its cells has a deployment of its own.</summary>
    private static string GroupOf(MatrixCell cell) => cell.Source is { } source ? Requested.Contains(source) ? Evidence : Collateral
        : cell.Phase == FaultPhase.Exchange ? "keys" : "answers";

    private static async Task<List<MatrixResult>> RunWarmAsync(string entry, bool isShort, IEnumerable<MatrixCell> cells)
    {
        List<MatrixResult> results = [];
        await using MatrixHost host = await MatrixHost.StartAsync(entry, isShort);
        foreach (MatrixCell cell in cells)
        {
            results.Add(await host.RunAsync(cell));
        }

        return results;
    }

    private static async Task<List<MatrixResult>> RunColdAsync(IEnumerable<MatrixCell> cells)
    {
        List<MatrixResult> results = [];
        foreach (MatrixCell cell in cells)
        {
            bool isIntel = cell.Source >= EvidenceSource.IntelTcbInfo;
            await using MatrixHost host = await MatrixHost.StartAsync(cell.Entry, isShort: false, evidence =>
            {
                evidence.Kind = isIntel ? EvidenceKind.Tdx : EvidenceKind.SevSnp;
                evidence.IncludeCertificates = isIntel;
            });
            results.Add(await host.RunAsync(cell));
        }

        return results;
    }
}
