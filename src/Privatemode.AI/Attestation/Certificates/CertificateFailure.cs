namespace Privatemode.AI.Attestation.Certificates;

/// <summary>The room's exceptions, worded alike. Nothing that stands in a certificate comes into a message, except object identifiers.</summary>
internal static class CertificateFailure
{
    /// <param name="check">One of <see cref="CertificateChecks"/>.</param>
    /// <param name="holder">Whose certificate it is meant to be: "the AMD root key".</param>
    /// <param name="what">What is wrong, as the end of a sentence.</param>
    /// <param name="expected">What the check demands.</param>
    /// <param name="found">What was found instead.</param>
    public static PrivatemodeVerificationException Create(
        string check, string holder, string what, string? expected = null, string? found = null) =>
        new(check, $"The certificate of {holder} {what}. Do not send anything.")
        {
            Expected = expected,
            Found = found,
        };

    /// <summary>The same for a revocation list.</summary>
    public static PrivatemodeVerificationException CreateForList(
        string check, string issuer, string what, string? expected = null, string? found = null) =>
        new(check, $"The revocation list of {issuer} {what}. Do not send anything.")
        {
            Expected = expected,
            Found = found,
        };
}
