using System.Numerics;

namespace Privatemode.AI.Attestation.Certificates;

/// <summary>Orders authentic documents of the same kind and issuer, so that a newer one is never replaced by an older one.</summary>
/// <param name="IssuedAt">The issueDate of a document of Intel, the thisUpdate of a revocation list, or the notBefore of a certificate.</param>
/// <param name="Number">The number of a revocation list or of an evaluation; 0 if the document has none.</param>
/// <param name="ValidUntil">The last moment at which the document may be used.</param>
internal readonly record struct DocumentVersion(DateTimeOffset IssuedAt, BigInteger Number, DateTimeOffset ValidUntil)
{
    /// <summary>Returns whether this document must not replace the other one: it has an earlier date or a lower number.</summary>
    public bool IsOlderThan(DocumentVersion other) => IssuedAt < other.IssuedAt || Number < other.Number;

    /// <summary>Returns the version that a function finds, or <see langword="null"/> if the document is not authentic.</summary>
    public static DocumentVersion? OfAuthentic(Func<DocumentVersion?> find)
    {
        try
        {
            return find();
        }
        catch (PrivatemodeVerificationException)
        {
            return null;
        }
    }
}
