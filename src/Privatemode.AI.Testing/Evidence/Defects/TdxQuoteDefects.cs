using Privatemode.AI.Testing.Evidence.Certificates;
using Privatemode.AI.Testing.Evidence.Tdx;

namespace Privatemode.AI.Testing.Evidence.Defects;

/// <summary>What a TDX quote can say that is not acceptable, and what can be wrong with its signatures and its form.</summary>
internal static class TdxQuoteDefects
{
    public static Dictionary<EvidenceDefect, Action<EvidencePlan>> All { get; } = new()
    {
        // The guest.
        [EvidenceDefect.TdxDebug] = plan => plan.Tdx.Body.TdAttributes = [1, 0, 0, 0x10, 0, 0, 0, 0],
        [EvidenceDefect.TdxDebugReserved] = plan => plan.Tdx.Body.TdAttributes = [2, 0, 0, 0x10, 0, 0, 0, 0],
        [EvidenceDefect.TdxSeptVeEnabled] = plan => plan.Tdx.Body.TdAttributes = new byte[8],
        [EvidenceDefect.TdxMigratable] = plan => plan.Tdx.Body.TdAttributes = [0, 0, 0, 0x30, 0, 0, 0, 0],
        [EvidenceDefect.TdxXfamOtherBit] = plan => plan.Tdx.Body.Xfam = [0xE7, 0x00, 0x06, 0, 0, 0, 0, 0],
        [EvidenceDefect.TdxXfamUnknownBit] = plan => plan.Tdx.Body.Xfam = plan.Manifest.Tdx[0].Xfam = [0xE7, 0x02, 0x06, 0, 0, 0, 0, 0x80],
        [EvidenceDefect.TdxXfamCet] = plan => plan.Tdx.Body.Xfam = [0xE7, 0x1A, 0x06, 0, 0, 0, 0, 0],
        [EvidenceDefect.TdxWrongMrTd] = plan => plan.Tdx.Body.MrTd = TdReport.Measure("other firmware"),
        [EvidenceDefect.TdxWrongMrSeam] = plan => plan.Tdx.Body.MrSeam = TdReport.Measure("other TDX module"),
        [EvidenceDefect.TdxWrongRtmr0] = plan => Extend(plan, 0),
        [EvidenceDefect.TdxWrongRtmr1] = plan => Extend(plan, 1),
        [EvidenceDefect.TdxWrongRtmr2] = plan => Extend(plan, 2),
        [EvidenceDefect.TdxWrongRtmr3] = plan => Extend(plan, 3),
        [EvidenceDefect.TdxMrConfigIdTail] = plan => plan.Tdx.Body.MrConfigId = DocumentDefects.Flip(plan.Tdx.Body.MrConfigId, 47),

        // Signatures.
        [EvidenceDefect.TdxSignatureChanged] = plan => plan.Tdx.AfterSigning = quote => quote.Signature = DocumentDefects.Flip(quote.Signature, 0),
        [EvidenceDefect.TdxSignatureZero] = plan => plan.Tdx.AfterSigning = quote => quote.Signature = new byte[64],
        [EvidenceDefect.TdxChangedAfterSigning] = plan => plan.Tdx.AfterSigning = quote => quote.Body.MrOwner = TdReport.Measure("somebody"),
        [EvidenceDefect.TdxAttestationKeySubstituted] = plan => plan.Tdx.AttestationKey = TestKeys.StrangerP256,
        [EvidenceDefect.TdxAttestationKeyOffCurve] = plan => plan.Tdx.ChangeAttestationKey = point => DocumentDefects.Flip(point, 63),
        [EvidenceDefect.TdxQeReportByOtherKey] = plan => plan.Tdx.QeReportSigner = TestKeys.StrangerP256,
        [EvidenceDefect.TdxQeReportChangedAfterSigning] = plan => plan.Tdx.AfterSigning = quote => quote.QeReport.Svn += 1,
        [EvidenceDefect.TdxQeReportSignatureChanged] = plan => plan.Tdx.AfterSigning =
            quote => quote.QeReportSignature = DocumentDefects.Flip(quote.QeReportSignature, 0),
        [EvidenceDefect.TdxQeAuthDataChanged] = plan => plan.Tdx.AfterSigning = quote => quote.QeAuthData = DocumentDefects.Flip(quote.QeAuthData, 31),

        // Form.
        [EvidenceDefect.TdxVersion3] = plan => plan.Tdx.Header.Version = 3,
        [EvidenceDefect.TdxKeyType3] = plan => plan.Tdx.Header.KeyType = 3,
        [EvidenceDefect.TdxTeeTypeSgx] = plan => plan.Tdx.Header.TeeType = 0,
        [EvidenceDefect.TdxQeVendor] = plan => plan.Tdx.Header.VendorId = DocumentDefects.Flip(plan.Tdx.Header.VendorId, 0),
        [EvidenceDefect.TdxCertificationType5] = plan => plan.Tdx.AfterSigning = quote => quote.CertificationType = 5,
        [EvidenceDefect.TdxChainType4] = plan => plan.Tdx.AfterSigning = quote => quote.ChainType = 4,
        [EvidenceDefect.TdxChainSizeHuge] = plan => plan.Tdx.AfterSigning = quote => quote.ChainSize = uint.MaxValue,
        [EvidenceDefect.TdxQeAuthSizeHuge] = plan => plan.Tdx.AfterSigning = quote => quote.QeAuthSize = 65535,
        [EvidenceDefect.TdxQeAuthSizeShort] = plan => plan.Tdx.AfterSigning = quote => quote.QeAuthSize = 31,
        [EvidenceDefect.TdxShortMrTd] = plan => plan.Tdx.AfterSigning = quote => quote.Body.MrTd = quote.Body.MrTd[..47],
        [EvidenceDefect.TdxThreeRtmrs] = plan => plan.Tdx.AfterSigning = quote => quote.Body.Rtmrs = [.. quote.Body.Rtmrs.Take(3)],
    };

    private static void Extend(EvidencePlan plan, int register)
    {
        byte[][] registers = [.. plan.Tdx.Body.Rtmrs];
        registers[register] = TdReport.Measure("something else");
        plan.Tdx.Body.Rtmrs = registers;
    }
}
