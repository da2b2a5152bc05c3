namespace Privatemode.AI.Testing.Evidence.Collateral;

/// <summary>The answer of an evidence source.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="ContentType">The media type of the body.</param>
/// <param name="Body">The body.</param>
internal sealed record StandInAnswer(int Status, string ContentType, ReadOnlyMemory<byte> Body)
{
    /// <summary>The name and value of the header with the issuer's certificates, or null.</summary>
    public (string Name, string Value)? IssuerChain { get; init; }

    public static StandInAnswer NotFound { get; } = new(404, "text/plain", "not found"u8.ToArray());

    public static StandInAnswer BadRequest { get; } = new(400, "text/plain", "bad request"u8.ToArray());

    public static StandInAnswer Der(ReadOnlyMemory<byte> der, string contentType) => new(200, contentType, der);
}
