using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Fuzz.Corpus;

namespace Privatemode.AI.Fuzz.Targets;

/// <summary>Report, signing certificate, intermediate, root and revocation list: the whole verdict, then the policy.</summary>
internal static class SnpTarget
{
    private static readonly SnpPolicy Strict = new()
    {
        ReportData = new byte[64],
        Measurement = new byte[48],
        HostData = new byte[32],
        IdKeyDigest = new byte[48],
        Vmpl = 0,
        PlatformInfo = default(SnpPlatformInfo),
        RefuseUnknownPlatformBits = true,
        RefuseProvisionalFirmware = true,
        MinimumMitigationVector = ulong.MaxValue,
        AllowedChipIds = [],
        AllowedProducts = [],
        AllowedSigners = [],
    };

    private static readonly SnpDates NoDates = new(default, default, default, default, default, default);

    public static FuzzTarget Create() => new("snp", [.. Evidence().Select(evidence => evidence.Seed)], Signed);

    /// <summary>All evidence there is, for other targets too.</summary>
    public static IEnumerable<(FuzzSeed Seed, SevTrustAnchors Anchors, DateTimeOffset At)> Evidence()
    {
        foreach (VectorCase test in CorpusFiles.Cases("snp"))
        {
            if (test.Read("vek") is not { Length: > 0 } vek || test.Product is not { } product)
            {
                continue;
            }

            byte[] crl = test.Read("crl") is { Length: > 0 } own ? own : test.IsOurs ? CorpusFiles.OwnBytes("tee/snp/forged/crl_clean.der") : [];
            SevTrustAnchors anchors = test.Root is { } root
                ? new SevTrustAnchors(new Dictionary<SnpProduct, string> { [Enum.Parse<SnpProduct>(product)] = Convert.ToHexStringLower(root) })
                : SevTrustAnchors.Production;
            byte[][] parts = [test.Read("report"), vek, test.ReadCertificate("intermediate"), test.ReadCertificate("root"), crl];
            yield return Create(test.Id, parts, anchors, test.At, test.IsOurs);
        }

        foreach (IssuedScene scene in IssuedScene.All.Where(scene => scene.Collateral.Snp is not null))
        {
            SevSnpMessage message = SevSnpMessage.Parse(scene.Evidence);
            SnpCollateral given = scene.Collateral.Snp!;
            yield return Create(
                scene.Name,
                [message.Report.ToArray(), (message.Vcek ?? scene.Collateral.Vcek).ToArray(), given.Intermediate.ToArray(), given.Root.ToArray(),
                    given.Crl.ToArray()],
                IssuedScene.Anchors.Sev,
                IssuedScene.At,
                isGenuine: true);
        }
    }

    private static (FuzzSeed Seed, SevTrustAnchors Anchors, DateTimeOffset At) Create(
        string name, byte[][] parts, SevTrustAnchors anchors, DateTimeOffset at, bool isGenuine) =>
        (new FuzzSeed(name, parts, damaged => Judge(damaged, anchors, at)) { IsGenuine = isGenuine }, anchors, at);

    private static bool Judge(byte[][] parts, SevTrustAnchors anchors, DateTimeOffset at)
    {
        CompareUnsigned(parts[0]);
        VerifiedSnpReport verified = SnpVerifier.Verify(
            SnpReport.Parse(parts[0]), VekCertificate.Parse(parts[1]), new SnpCollateral(parts[2], parts[3], parts[4]), anchors, at);
        Compare(verified);
        return true;
    }

    // The policy is compared with authentic reports only; here it also has to bear the others.
    private static void CompareUnsigned(byte[] bytes)
    {
        try
        {
            SnpReport report = SnpReport.Parse(bytes);
            foreach (SnpProduct product in Enum.GetValues<SnpProduct>())
            {
                Compare(new VerifiedSnpReport(report, product, report.Signer, SnpTcb.Read(report, product), NoDates));
            }
        }
        catch (PrivatemodeVerificationException)
        {
        }
    }

    private static void Compare(VerifiedSnpReport verified)
    {
        _ = SnpPolicy.Compare(verified, new SnpPolicy());
        _ = SnpPolicy.Compare(verified, Strict);
    }

    private static IEnumerable<SignedPart> Signed(byte[][] parts) =>
    [
        .. SignedParts.OfSnpReport(parts[0]),
        .. SignedParts.OfDer("certificate", parts[1]),
        .. SignedParts.OfDer("certificate", parts[2]),
        .. SignedParts.OfDer("certificate", parts[3]),
        .. SignedParts.OfDer("list", parts[4]),
    ];
}
