namespace Privatemode.AI.Attestation.Sev;

/// <summary>A report that a genuine AMD processor made. Whether it says what it should is for <see cref="SnpPolicy"/>.</summary>
/// <param name="Report">The report.</param>
/// <param name="Product">The product line of the pinned root.</param>
/// <param name="Signer">The kind of key that signed it.</param>
/// <param name="Tcb">Its TCB versions, in the product's layout.</param>
/// <param name="Dates">Until when its certificates and the revocation list may be used.</param>
internal sealed record VerifiedSnpReport(SnpReport Report, SnpProduct Product, SnpSigner Signer, SnpTcb Tcb, SnpDates Dates)
{
    /// <summary>The last moment at which the same evidence and collateral verify.</summary>
    public DateTimeOffset ValidUntil => Dates.ValidUntil;
}
