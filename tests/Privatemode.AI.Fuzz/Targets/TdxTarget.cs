using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Attestation.Tdx;
using Privatemode.AI.Fuzz.Corpus;

namespace Privatemode.AI.Fuzz.Targets;

/// <summary>Quote and collateral: the whole verdict, then the policy.</summary>
internal static class TdxTarget
{
    private static readonly TdxPolicy Strict = new()
    {
        ReportData = new byte[64],
        MrTd = new byte[48],
        MrSeam = new byte[48],
        MrConfigId = new byte[48],
        TdAttributes = new byte[8],
        Xfam = 0,
        PlatformInstanceIds = [new byte[16]],
        RequireMemoryIntegrity = true,
        RequireSmtDisabled = true,
        RequireStaticPlatform = true,
    };

    public static FuzzTarget Create() => new("tdx", [.. Evidence().Select(evidence => evidence.Seed)], Signed);

    /// <summary>All evidence with collateral there is, for other targets too.</summary>
    public static IEnumerable<(FuzzSeed Seed, TdxTrustAnchors Anchors, DateTimeOffset At)> Evidence()
    {
        foreach (VectorCase test in CorpusFiles.Cases("tdx").Where(test => test.Read("tcbInfo").Length > 0))
        {
            yield return Create(
                test.Id,
                [test.Read("quote"), test.Read("tcbInfo"), test.Read("tcbChain"), test.Read("qeIdentity"), test.Read("qeChain"), test.Read("pckCrl"), [],
                    test.Read("rootCrl")],
                test.Root is { } root ? new TdxTrustAnchors([root]) : TdxTrustAnchors.Production,
                test.At,
                test.IsOurs);
        }

        foreach (IssuedScene scene in IssuedScene.All.Where(scene => scene.Collateral.Tdx is not null))
        {
            TdxCollateral given = scene.Collateral.Tdx!;
            ReadOnlyMemory<byte>[] parts =
            [
                TdxQuoteMessage.ReadQuote(scene.Evidence), given.TcbInfo, given.TcbInfoChain, given.QeIdentity, given.QeIdentityChain, given.PckCrl,
                given.PckCrlChain, given.RootCrl,
            ];
            yield return Create(scene.Name, [.. parts.Select(part => part.ToArray())], IssuedScene.Anchors.Tdx, IssuedScene.At, isGenuine: true);
        }
    }

    private static (FuzzSeed Seed, TdxTrustAnchors Anchors, DateTimeOffset At) Create(
        string name, byte[][] parts, TdxTrustAnchors anchors, DateTimeOffset at, bool isGenuine) =>
        (new FuzzSeed(name, parts, damaged => Judge(damaged, anchors, at)) { IsGenuine = isGenuine }, anchors, at);

    private static bool Judge(byte[][] parts, TdxTrustAnchors anchors, DateTimeOffset at)
    {
        TdxCollateral collateral = new(parts[1], parts[2], parts[3], parts[4], parts[5], parts[6], parts[7]);
        using SignedQuote quote = SignedQuote.Verify(parts[0], anchors, at);
        VerifiedTdxQuote verified = TdxVerifier.Verify(quote, collateral, at);
        _ = new TdxPolicyComparison(verified, new TdxPolicy()).Compare();
        _ = new TdxPolicyComparison(verified, Strict).Compare();
        return true;
    }

    private static IEnumerable<SignedPart> Signed(byte[][] parts) =>
    [
        .. SignedParts.OfTdxQuote(parts[0]),
        .. SignedParts.OfCollateral(TcbInfo.Name, parts[1]),
        .. SignedParts.OfPem("certificate", parts[2]),
        .. SignedParts.OfCollateral(QeIdentity.Name, parts[3]),
        .. SignedParts.OfPem("certificate", parts[4]),
        .. SignedParts.OfDer("list", parts[5]),
        .. SignedParts.OfPem("certificate", parts[6]),
        .. SignedParts.OfDer("list", parts[7]),
    ];
}
