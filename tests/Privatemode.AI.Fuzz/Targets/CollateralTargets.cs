using Privatemode.AI.Attestation.Tdx;

namespace Privatemode.AI.Fuzz.Targets;

/// <summary>Intel's documents, each with its chain: read and judged also where the signature is wrong, which nobody else does.</summary>
internal static class CollateralTargets
{
    public static IEnumerable<FuzzTarget> Create()
    {
        (FuzzSeed Seed, TdxTrustAnchors Anchors, DateTimeOffset At)[] evidence = [.. TdxTarget.Evidence()];
        (FuzzSeed good, TdxTrustAnchors anchors, DateTimeOffset at) = evidence[0];
        TdxQuote quote = TdxQuote.Parse(good.Parts[0]);
        using IntelRoots roots = new(anchors, at);
        using PckChain chain = PckChain.Verify(quote, roots, at);
        PckExtensions platform = chain.Extensions;
        using SignedDocument tcbDocument = SignedDocument.Parse(good.Parts[1], TcbInfo.Name, "tcb-info");
        using SignedDocument qeDocument = SignedDocument.Parse(good.Parts[3], QeIdentity.Name, "qe-identity");
        (TcbInfo tcbInfo, QeIdentity qeIdentity) = (TcbInfo.Read(tcbDocument.Content), QeIdentity.Read(qeDocument.Content));

        yield return new FuzzTarget(
            "tcb-info",
            [.. evidence.Select(item => Seed(item, 1, TcbInfo.Name, signed =>
            {
                TcbInfo read = TcbInfo.Read(signed.Content);
                read.CheckDates(item.At);
                _ = TcbEvaluation.Evaluate(quote, platform, read, qeIdentity);
            }))],
            parts => [.. SignedParts.OfCollateral(TcbInfo.Name, parts[0]), .. SignedParts.OfPem("certificate", parts[1])]);
        yield return new FuzzTarget(
            "qe-identity",
            [.. evidence.Select(item => Seed(item, 3, QeIdentity.Name, signed =>
            {
                QeIdentity read = QeIdentity.Read(signed.Content);
                read.CheckDates(item.At);
                _ = TcbEvaluation.Evaluate(quote, platform, tcbInfo, read);
            }))],
            parts => [.. SignedParts.OfCollateral(QeIdentity.Name, parts[0]), .. SignedParts.OfPem("certificate", parts[1])]);
    }

    private static FuzzSeed Seed(
        (FuzzSeed Seed, TdxTrustAnchors Anchors, DateTimeOffset At) item, int part, string name, Action<SignedDocument> read) => new(
        item.Seed.Name,
        [item.Seed.Parts[part], item.Seed.Parts[part + 1]],
        parts =>
        {
            using SignedDocument document = SignedDocument.Parse(parts[0], name, "document");
            try
            {
                read(document);
            }
            catch (PrivatemodeVerificationException)
            {
                // Documents of other platforms and dates are refused here, and are authentic all the same.
            }

            using IntelRoots roots = new(item.Anchors, item.At);
            using CollateralSigner signer = CollateralSigner.Verify(parts[1], roots, item.At, "signing-chain", "signing-role");
            signer.CheckSignature(document, name, "document-signature");
            return true;
        })
        {
            IsGenuine = item.Seed.IsGenuine,
        };
}
