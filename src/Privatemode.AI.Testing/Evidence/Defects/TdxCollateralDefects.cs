using Privatemode.AI.Testing.Evidence.Certificates;
using Privatemode.AI.Testing.Evidence.Tdx;

namespace Privatemode.AI.Testing.Evidence.Defects;

/// <summary>What can be wrong with Intel's documents and revocation lists.</summary>
internal static class TdxCollateralDefects
{
    public static Dictionary<EvidenceDefect, Action<EvidencePlan>> All { get; } = new()
    {
        // What the documents are about.
        [EvidenceDefect.TdxFmspc] = plan => plan.Tdx.TcbInfo.Fmspc = "00806F050000",
        [EvidenceDefect.TdxPceId] = plan => plan.Tdx.TcbInfo.PceId = "0001",
        [EvidenceDefect.TdxTcbInfoOfSgx] = plan => plan.Tdx.TcbInfo.Id = "SGX",
        [EvidenceDefect.TdxTcbInfoVersion2] = plan => plan.Tdx.TcbInfo.Version = 2,
        [EvidenceDefect.TdxTcbType1] = plan => plan.Tdx.TcbInfo.TcbType = 1,
        [EvidenceDefect.TdxEvaluationNumberTooLow] = plan => plan.Tdx.TcbInfo.EvaluationNumber -= 1,
        [EvidenceDefect.TdxQeEvaluationNumberTooLow] = plan => plan.Tdx.QeIdentity.EvaluationNumber -= 1,
        [EvidenceDefect.TdxQeIdentityOfSgx] = plan => plan.Tdx.QeIdentity.Id = "QE",
        [EvidenceDefect.TdxQeIdentityVersion3] = plan => plan.Tdx.QeIdentity.Version = 3,

        // When they hold.
        [EvidenceDefect.TdxTcbInfoExpired] = plan => Expire(plan, plan.Tdx.TcbInfo),
        [EvidenceDefect.TdxTcbInfoFromFuture] = plan => plan.Tdx.TcbInfo.IssueDate = plan.Day.AddDays(2),
        [EvidenceDefect.TdxQeIdentityExpired] = plan => Expire(plan, plan.Tdx.QeIdentity),
        [EvidenceDefect.TdxQeIdentityFromFuture] = plan => plan.Tdx.QeIdentity.IssueDate = plan.Day.AddDays(2),

        // Their signatures cover the exact bytes.
        [EvidenceDefect.TdxTcbInfoTampered] = plan => plan.Tdx.TcbInfo.AfterSigning =
            value => value.Replace("\"OutOfDate\"", "\"UpToDate\"", StringComparison.Ordinal),
        [EvidenceDefect.TdxTcbInfoReserialized] = plan => plan.Tdx.TcbInfo.AfterSigning = AddSpace,
        [EvidenceDefect.TdxTcbInfoRepeated] = plan => plan.Tdx.TcbInfo.ChangeDocument = Repeat,
        [EvidenceDefect.TdxQeIdentityTampered] = plan => plan.Tdx.QeIdentity.AfterSigning =
            value => value.Replace("\"isvprodid\":2", "\"isvprodid\":3", StringComparison.Ordinal),
        [EvidenceDefect.TdxQeIdentityReserialized] = plan => plan.Tdx.QeIdentity.AfterSigning = AddSpace,

        // Who signs them.
        [EvidenceDefect.TdxTcbInfoByPlatform] = plan =>
        {
            plan.Tdx.TcbInfoSigner = TestKeys.PckLeaf;
            plan.Tdx.TcbInfoChain = issued => [issued.Pck, issued.PckAuthority, issued.Root];
        },
        [EvidenceDefect.TdxQeIdentityByPlatform] = plan =>
        {
            plan.Tdx.QeIdentitySigner = TestKeys.PckLeaf;
            plan.Tdx.QeIdentityChain = issued => [issued.Pck, issued.PckAuthority, issued.Root];
        },
        [EvidenceDefect.TdxTcbSignerWrongName] = plan => plan.Tdx.TcbSigning.Subject = DistinguishedName.Intel(IntelAuthority.PckName),
        [EvidenceDefect.TdxTcbSignerExpired] = plan => plan.Tdx.TcbSigning.NotAfter = plan.Day.AddDays(-1),
        [EvidenceDefect.TdxTcbSignerForgedRoot] = plan =>
        {
            byte[] root = IntelAuthority.Root(TestKeys.ForgedIntelRoot).Sign(TestKeys.ForgedIntelRoot);
            byte[] signer = IntelAuthority.TcbSigning(TestKeys.TcbSigning, TestKeys.ForgedIntelRoot).Sign(TestKeys.ForgedIntelRoot);
            plan.Tdx.TcbInfoChain = _ => [signer, root];
        },
        [EvidenceDefect.TdxTcbInfoChainTooLong] = plan => plan.Tdx.TcbInfoChain = issued => [issued.TcbSigning, issued.Root, issued.Root],
        [EvidenceDefect.TdxTcbInfoChainMissing] = plan => plan.Tdx.TcbInfoChain = _ => [],

        // Revocation.
        [EvidenceDefect.TdxPckRevoked] = plan => plan.Tdx.PckList.Revoked.Add(IntelAuthority.Serial(IntelAuthority.PckName)),
        [EvidenceDefect.TdxPckAuthorityRevoked] = plan => plan.Tdx.RootList.Revoked.Add(IntelAuthority.Serial(IntelAuthority.PlatformCaName)),
        [EvidenceDefect.TdxTcbSignerRevoked] = plan => plan.Tdx.RootList.Revoked.Add(IntelAuthority.Serial(IntelAuthority.TcbSigningName)),
        [EvidenceDefect.TdxRootListNamesLeaf] = plan => plan.Tdx.RootList.Revoked.Add(IntelAuthority.Serial(IntelAuthority.PckName)),
        [EvidenceDefect.TdxPckListExpired] = plan => Expire(plan, plan.Tdx.PckList),
        [EvidenceDefect.TdxPckListWithoutEnd] = plan => plan.Tdx.PckList.NextUpdate = null,
        [EvidenceDefect.TdxPckListTampered] = plan => plan.Tdx.PckList.IsTampered = true,
        [EvidenceDefect.TdxPckListByRoot] = plan => plan.Tdx.PckList.IssuerKey = TestKeys.IntelRoot,
        [EvidenceDefect.TdxPckListOfProcessorCa] = plan => plan.Tdx.PckList = plan.Tdx.ProcessorList,
        [EvidenceDefect.TdxRootListExpired] = plan => Expire(plan, plan.Tdx.RootList),
        [EvidenceDefect.TdxRootListFromFuture] = plan => plan.Tdx.RootList.ThisUpdate = plan.Day.AddDays(2),
        [EvidenceDefect.TdxRootListTampered] = plan => plan.Tdx.RootList.IsTampered = true,
        [EvidenceDefect.TdxListsSwapped] = plan => (plan.Tdx.PckList, plan.Tdx.RootList) = (plan.Tdx.RootList, plan.Tdx.PckList),
    };

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
