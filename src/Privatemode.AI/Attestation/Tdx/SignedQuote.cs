namespace Privatemode.AI.Attestation.Tdx;

/// <summary>
/// A quote with sound signatures under a chain to a trusted root: all that it can prove by itself. Whether its keys are revoked, and what Intel says about
/// the platform, takes collateral.
/// </summary>
internal sealed class SignedQuote : IDisposable
{
    private SignedQuote(TdxQuote quote, IntelRoots roots, PckChain chain)
    {
        Quote = quote;
        Roots = roots;
        Chain = chain;
    }

    public TdxQuote Quote { get; }

    /// <summary>The roots accepted so far; the collateral's have to be under the same key.</summary>
    public IntelRoots Roots { get; }

    public PckChain Chain { get; }

    /// <summary>Judges chain and signatures.</summary>
    /// <param name="quote">The quote; bytes after its signature data are not looked at.</param>
    /// <param name="anchors">The root keys to trust.</param>
    /// <param name="at">The time at which the chain must be valid.</param>
    /// <exception cref="PrivatemodeVerificationException">No genuine platform made this quote.</exception>
    public static SignedQuote Verify(ReadOnlyMemory<byte> quote, TdxTrustAnchors anchors, DateTimeOffset at)
    {
        TdxQuote parsed = TdxQuote.Parse(quote);
        IntelRoots roots = new(anchors, at);
        PckChain? chain = null;
        try
        {
            chain = PckChain.Verify(parsed, roots, at);
            QuoteSignatures.Check(parsed, chain.Leaf);
            return new SignedQuote(parsed, roots, chain);
        }
        catch
        {
            chain?.Dispose();
            roots.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Chain.Dispose();
        Roots.Dispose();
    }
}
