namespace Privatemode.AI.Tests.Attestation.Tdx;

/// <summary>The signed parts of Intel's collateral, as text.</summary>
internal static class CollateralText
{
    public const string Zeros48 = "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000";

    public const string TdQeSigner = "DC9E2A7C6F948F17474E34A7FC43ED030F7C1563F1BABDDF6340C82E0E54A8C5";

    public const string Module = $$"""{"mrsigner":"{{Zeros48}}","attributes":"0000000000000000","attributesMask":"FFFFFFFFFFFFFFFF"}""";

    public static string TcbInfo(string? levels = null, string? identities = null) => $$"""
        {"id":"TDX","version":3,"issueDate":"2026-01-01T00:00:00Z","nextUpdate":"2026-12-01T00:00:00Z",
        "fmspc":"B0C06F000000","pceId":"0000","tcbType":0,"tcbEvaluationDataNumber":18,
        "tdxModule":{{Module}},"tdxModuleIdentities":[{{identities ?? Identity("TDX_01", SvnLevel(4))}}],
        "tcbLevels":[{{levels ?? Level()}}]}
        """.ReplaceLineEndings("");

    public static string QeIdentity(string? levels = null) => $$"""
        {"id":"TD_QE","version":2,"issueDate":"2026-01-01T00:00:00Z","nextUpdate":"2026-11-01T00:00:00Z","tcbEvaluationDataNumber":19,
        "miscselect":"00000000","miscselectMask":"FFFFFFFF",
        "attributes":"11000000000000000000000000000000","attributesMask":"FBFFFFFFFFFFFFFF0000000000000000",
        "mrsigner":"{{TdQeSigner}}","isvprodid":2,"tcbLevels":[{{levels ?? SvnLevel(4)}}]}
        """.ReplaceLineEndings("");

    public static string Identity(string id, string levels) =>
        $$"""{"id":"{{id}}",{{Module[1..^1]}},"tcbLevels":[{{levels}}]}""";

    /// <summary>A level of the platform. Components that are not given are 0.</summary>
    public static string Level(
        string status = "UpToDate", string date = "2025-03-12T00:00:00Z", int pceSvn = 13, int[]? sgx = null, int[]? tdx = null, string advisories = "") =>
        $$"""
        {"tcb":{"sgxtcbcomponents":[{{Components(sgx ?? [5, 5])}}],"pcesvn":{{pceSvn}},"tdxtcbcomponents":[{{Components(tdx ?? [5, 0, 3])}}]},
        "tcbDate":"{{date}}","tcbStatus":"{{status}}"{{advisories}}}
        """.ReplaceLineEndings("");

    /// <summary>A level of a module or of the quoting enclave.</summary>
    public static string SvnLevel(int svn, string status = "UpToDate", string date = "2025-03-12T00:00:00Z", string advisories = "") =>
        $$"""{"tcb":{"isvsvn":{{svn}}},"tcbDate":"{{date}}","tcbStatus":"{{status}}"{{advisories}}}""";

    private static string Components(int[] svns) =>
        string.Join(',', Enumerable.Range(0, 16).Select(i => $$"""{"svn":{{(i < svns.Length ? svns[i] : 0)}},"category":"BIOS"}"""));
}
