using Privatemode.AI.Testing.Evidence.Certificates;
using Privatemode.AI.Testing.Evidence.Tdx;

namespace Privatemode.AI.Testing.Evidence.Defects;

/// <summary>What a TDX quote can say that is not acceptable, and what can be wrong with its signatures and its form.</summary>
internal static class TdxQuoteDefects
{
    public static IReadOnlyList<DefectDefinition> All { get; } =
    [
        // The guest.
        new("TdxDebug", "The guest is in debug mode.", plan => plan.Tdx.Body.TdAttributes = [1, 0, 0, 0x10, 0, 0, 0, 0]),
        new("TdxDebugReserved", "A reserved attribute that means debugging is set.", plan => plan.Tdx.Body.TdAttributes = [2, 0, 0, 0x10, 0, 0, 0, 0]),
        new("TdxSeptVeEnabled", "The guest does not disable exceptions on its page tables.", plan => plan.Tdx.Body.TdAttributes = new byte[8]),
        new("TdxMigratable", "The guest may be migrated.", plan => plan.Tdx.Body.TdAttributes = [0, 0, 0, 0x30, 0, 0, 0, 0]),
        new("TdxXfamOtherBit", "The guest's extended features are not the expected ones.", plan => plan.Tdx.Body.Xfam = [0xE7, 0x00, 0x06, 0, 0, 0, 0, 0]),
        new(
            "TdxXfamUnknownBit",
            "The guest has an unknown extended feature, which the manifest lists.",
            plan => plan.Tdx.Body.Xfam = plan.Manifest.Tdx[0].Xfam = [0xE7, 0x02, 0x06, 0, 0, 0, 0, 0x80]),
        new(
            "TdxXfamCet",
            "The guest has control-flow protection beyond the manifest's features.",
            plan => plan.Tdx.Body.Xfam = [0xE7, 0x1A, 0x06, 0, 0, 0, 0, 0]),
        new("TdxWrongMrTd", "The firmware's measurement has another value.", plan => plan.Tdx.Body.MrTd = TdReport.Measure("other firmware")),
        new("TdxWrongMrSeam", "The module's measurement has another value.", plan => plan.Tdx.Body.MrSeam = TdReport.Measure("other TDX module")),
        new("TdxWrongRtmr0", "RTMR 0 has another value.", plan => Extend(plan, 0)),
        new("TdxWrongRtmr1", "RTMR 1 has another value.", plan => Extend(plan, 1)),
        new("TdxWrongRtmr2", "RTMR 2 has another value.", plan => Extend(plan, 2)),
        new("TdxWrongRtmr3", "RTMR 3 has another value.", plan => Extend(plan, 3)),
        new(
            "TdxMrConfigIdTail",
            "The bytes after the workload's hash are not zero.",
            plan => plan.Tdx.Body.MrConfigId = DocumentDefects.Flip(plan.Tdx.Body.MrConfigId, 47)),

        // Signatures.
        new(
            "TdxSignatureChanged",
            "One bit of the signature is changed.",
            plan => plan.Tdx.AfterSigning = quote => quote.Signature = DocumentDefects.Flip(quote.Signature, 0)),
        new("TdxSignatureZero", "The signature is zero.", plan => plan.Tdx.AfterSigning = quote => quote.Signature = new byte[64]),
        new(
            "TdxChangedAfterSigning",
            "The quote was changed after it was signed.",
            plan => plan.Tdx.AfterSigning = quote => quote.Body.MrOwner = TdReport.Measure("another owner")),
        new(
            "TdxAttestationKeySubstituted",
            "The quote is signed with a key that the quoting enclave does not vouch for.",
            plan => plan.Tdx.AttestationKey = TestKeys.StrangerP256),
        new(
            "TdxAttestationKeyOffCurve",
            "The attestation key is not a point on the curve.",
            plan => plan.Tdx.ChangeAttestationKey = point => DocumentDefects.Flip(point, 63)),
        new(
            "TdxQeReportByOtherKey",
            "The quoting enclave's report is signed by another key than the platform's.",
            plan => plan.Tdx.QeReportSigner = TestKeys.StrangerP256),
        new(
            "TdxQeReportChangedAfterSigning",
            "The quoting enclave's report was changed after it was signed.",
            plan => plan.Tdx.AfterSigning = quote => quote.QeReport.Svn += 1),
        new(
            "TdxQeReportSignatureChanged",
            "One bit of the signature on the quoting enclave's report is changed.",
            plan => plan.Tdx.AfterSigning =
                quote => quote.QeReportSignature = DocumentDefects.Flip(quote.QeReportSignature, 0)),
        new(
            "TdxQeAuthDataChanged",
            "The quoting enclave's authentication data is changed.",
            plan => plan.Tdx.AfterSigning = quote => quote.QeAuthData = DocumentDefects.Flip(quote.QeAuthData, 31)),

        // Form.
        new("TdxVersion3", "The quote has version 3.", plan => plan.Tdx.Header.Version = 3),
        new("TdxKeyType3", "The quote names another kind of attestation key.", plan => plan.Tdx.Header.KeyType = 3),
        new("TdxTeeTypeSgx", "The quote says that it is from an SGX enclave.", plan => plan.Tdx.Header.TeeType = 0),
        new("TdxQeVendor", "The quoting enclave is from another vendor.", plan => plan.Tdx.Header.VendorId = DocumentDefects.Flip(plan.Tdx.Header.VendorId, 0)),
        new("TdxCertificationType5", "The certification data has the wrong type.", plan => plan.Tdx.AfterSigning = quote => quote.CertificationType = 5),
        new("TdxChainType4", "The chain has the wrong type.", plan => plan.Tdx.AfterSigning = quote => quote.ChainType = 4),
        new("TdxChainSizeHuge", "The chain says that it is 4 GiB long.", plan => plan.Tdx.AfterSigning = quote => quote.ChainSize = uint.MaxValue),
        new(
            "TdxQeAuthSizeHuge",
            "The authentication data says that it is 65535 bytes long.",
            plan => plan.Tdx.AfterSigning = quote => quote.QeAuthSize = 65535),
        new(
            "TdxQeAuthSizeShort",
            "The authentication data says that it is a byte shorter than it is.",
            plan => plan.Tdx.AfterSigning = quote => quote.QeAuthSize = 31),
        new("TdxShortMrTd", "The encoded firmware measurement has 47 bytes.", plan => plan.Tdx.AfterSigning = quote => quote.Body.MrTd = quote.Body.MrTd[..47]),
        new("TdxThreeRtmrs", "The quote has three RTMRs.", plan => plan.Tdx.AfterSigning = quote => quote.Body.Rtmrs = [.. quote.Body.Rtmrs.Take(3)]),
    ];

    private static void Extend(EvidencePlan plan, int register)
    {
        byte[][] registers = [.. plan.Tdx.Body.Rtmrs];
        registers[register] = TdReport.Measure("something else");
        plan.Tdx.Body.Rtmrs = registers;
    }
}
