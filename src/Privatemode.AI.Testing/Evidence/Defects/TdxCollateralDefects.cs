using Privatemode.AI.Testing.Evidence.Certificates;
using Privatemode.AI.Testing.Evidence.Tdx;

namespace Privatemode.AI.Testing.Evidence.Defects;

/// <summary>What can be wrong with Intel's documents and revocation lists.</summary>
internal static class TdxCollateralDefects
{
    public static IReadOnlyList<DefectDefinition> All { get; } =
    [
        // What the documents are about.
        new("TdxFmspc", "The TCB information is for another kind of platform.", plan => plan.Tdx.TcbInfo.Fmspc = "00806F050000"),
        new("TdxPceId", "The TCB information is for another certification enclave.", plan => plan.Tdx.TcbInfo.PceId = "0001"),
        new("TdxTcbInfoOfSgx", "The TCB information is for SGX.", plan => plan.Tdx.TcbInfo.Id = "SGX"),
        new("TdxTcbInfoVersion2", "The TCB information has version 2.", plan => plan.Tdx.TcbInfo.Version = 2),
        new("TdxTcbType1", "The TCB information has an unknown type.", plan => plan.Tdx.TcbInfo.TcbType = 1),
        new(
            "TdxEvaluationNumberTooLow",
            "The TCB information is from an older evaluation than the manifest allows.",
            plan => plan.Tdx.TcbInfo.EvaluationNumber -= 1),
        new(
            "TdxQeEvaluationNumberTooLow",
            "The quoting enclave's identity is from an older evaluation than the manifest allows.",
            plan => plan.Tdx.QeIdentity.EvaluationNumber -= 1),
        new("TdxQeIdentityOfSgx", "The quoting enclave's identity is that for SGX.", plan => plan.Tdx.QeIdentity.Id = "QE"),
        new("TdxQeIdentityVersion3", "The quoting enclave's identity has version 3.", plan => plan.Tdx.QeIdentity.Version = 3),

        // When they hold.
        new("TdxTcbInfoExpired", "The TCB information has expired.", plan => Expire(plan, plan.Tdx.TcbInfo)),
        new("TdxTcbInfoFromFuture", "The TCB information is not valid yet.", plan => plan.Tdx.TcbInfo.IssueDate = plan.Day.AddDays(2)),
        new("TdxQeIdentityExpired", "The quoting enclave's identity has expired.", plan => Expire(plan, plan.Tdx.QeIdentity)),
        new("TdxQeIdentityFromFuture", "The quoting enclave's identity is not valid yet.", plan => plan.Tdx.QeIdentity.IssueDate = plan.Day.AddDays(2)),

        // Their signatures cover the exact bytes.
        new(
            "TdxTcbInfoTampered",
            "A status was changed after the TCB information was signed.",
            plan => plan.Tdx.TcbInfo.AfterSigning =
                value => value.Replace("\"OutOfDate\"", "\"UpToDate\"", StringComparison.Ordinal)),
        new(
            "TdxTcbInfoReserialized",
            "The TCB information's signature is over other bytes of the same value.",
            plan => plan.Tdx.TcbInfo.AfterSigning = AddSpace),
        new("TdxTcbInfoRepeated", "The TCB information comes twice, the second time changed.", plan => plan.Tdx.TcbInfo.ChangeDocument = Repeat),
        new(
            "TdxQeIdentityTampered",
            "The quoting enclave's identity was changed after it was signed.",
            plan => plan.Tdx.QeIdentity.AfterSigning =
                value => value.Replace("\"isvprodid\":2", "\"isvprodid\":3", StringComparison.Ordinal)),
        new(
            "TdxQeIdentityReserialized",
            "The quoting enclave identity's signature is over other bytes of the same value.",
            plan => plan.Tdx.QeIdentity.AfterSigning = AddSpace),

        // Who signs them.
        new(
            "TdxTcbInfoByPlatform",
            "The TCB information is signed with a platform's key.",
            plan =>
            {
                plan.Tdx.TcbInfoSigner = TestKeys.PckLeaf;
                plan.Tdx.TcbInfoChain = issued => [issued.Pck, issued.PckAuthority, issued.Root];
            }),
        new(
            "TdxQeIdentityByPlatform",
            "The quoting enclave's identity is signed with a platform's key.",
            plan =>
            {
                plan.Tdx.QeIdentitySigner = TestKeys.PckLeaf;
                plan.Tdx.QeIdentityChain = issued => [issued.Pck, issued.PckAuthority, issued.Root];
            }),
        new(
            "TdxTcbSignerWrongName",
            "The TCB signer has the common name of a platform's certificate.",
            plan => plan.Tdx.TcbSigning.Subject = DistinguishedName.Intel(IntelAuthority.PckName)),
        new("TdxTcbSignerExpired", "The TCB signer has expired.", plan => plan.Tdx.TcbSigning.NotAfter = plan.Day.AddDays(-1)),
        new(
            "TdxTcbSignerForgedRoot",
            "The TCB signer is under the root of another party.",
            plan =>
            {
                byte[] root = IntelAuthority.Root(TestKeys.ForgedIntelRoot).Sign(TestKeys.ForgedIntelRoot);
                byte[] signer = IntelAuthority.TcbSigning(TestKeys.TcbSigning, TestKeys.ForgedIntelRoot).Sign(TestKeys.ForgedIntelRoot);
                plan.Tdx.TcbInfoChain = _ => [signer, root];
            }),
        new(
            "TdxTcbInfoChainTooLong",
            "The TCB information comes with three certificates.",
            plan => plan.Tdx.TcbInfoChain = issued => [issued.TcbSigning, issued.Root, issued.Root]),
        new("TdxTcbInfoChainMissing", "The TCB information comes without certificates.", plan => plan.Tdx.TcbInfoChain = _ => []),

        // Revocation.
        new("TdxPckRevoked", "The platform's certificate is revoked.", plan => plan.Tdx.PckList.Revoked.Add(IntelAuthority.Serial(IntelAuthority.PckName))),
        new(
            "TdxPckAuthorityRevoked",
            "The platform CA is revoked.",
            plan => plan.Tdx.RootList.Revoked.Add(IntelAuthority.Serial(IntelAuthority.PlatformCaName))),
        new("TdxTcbSignerRevoked", "The TCB signer is revoked.", plan => plan.Tdx.RootList.Revoked.Add(IntelAuthority.Serial(IntelAuthority.TcbSigningName))),
        new(
            "TdxRootListNamesLeaf",
            "The root's list names the serial number of the platform, which the root cannot revoke.",
            plan => plan.Tdx.RootList.Revoked.Add(IntelAuthority.Serial(IntelAuthority.PckName))),
        new("TdxPckListExpired", "The platforms' revocation list has expired.", plan => Expire(plan, plan.Tdx.PckList)),
        new("TdxPckListWithoutEnd", "The platforms' revocation list does not say until when it is valid.", plan => plan.Tdx.PckList.NextUpdate = null),
        new("TdxPckListTampered", "The signature on the platforms' revocation list is changed.", plan => plan.Tdx.PckList.IsTampered = true),
        new("TdxPckListByRoot", "The platforms' revocation list is signed by the root.", plan => plan.Tdx.PckList.IssuerKey = TestKeys.IntelRoot),
        new("TdxPckListOfProcessorCa", "The platforms' revocation list is that of the CA for processors.", plan => plan.Tdx.PckList = plan.Tdx.ProcessorList),
        new("TdxRootListExpired", "The root's revocation list has expired.", plan => Expire(plan, plan.Tdx.RootList)),
        new("TdxRootListFromFuture", "The root's revocation list is not valid yet.", plan => plan.Tdx.RootList.ThisUpdate = plan.Day.AddDays(2)),
        new("TdxRootListTampered", "The signature on the root's revocation list is changed.", plan => plan.Tdx.RootList.IsTampered = true),
        new(
            "TdxListsSwapped",
            "Each revocation list is in the place of the other.",
            plan => (plan.Tdx.PckList, plan.Tdx.RootList) = (plan.Tdx.RootList, plan.Tdx.PckList)),
    ];

    private static void Expire(EvidencePlan plan, SignedJson document) =>
        (document.IssueDate, document.NextUpdate) = (plan.Day.AddDays(-31), plan.Day.AddDays(-1));

    private static void Expire(EvidencePlan plan, RevocationListTemplate list) =>
        (list.ThisUpdate, list.NextUpdate) = (plan.Day.AddDays(-31), plan.Day.AddDays(-1));

    // The signature is good over the value as a serialiser would write it again, not over the bytes that are served.
    private static string AddSpace(string value) => value.Insert(value.IndexOf(',', StringComparison.Ordinal) + 1, " ");

    // A second value, tampered with, behind the signed one: who reads the last and verifies the first believes it.
    private static string Repeat(string document)
    {
        int start = "{\"tcbInfo\":".Length;
        string value = document[start..document.LastIndexOf(",\"signature\"", StringComparison.Ordinal)];
        return $"{document[..^1]},\"tcbInfo\":{value.Replace("\"OutOfDate\"", "\"UpToDate\"", StringComparison.Ordinal)}}}";
    }
}
