namespace Privatemode.AI.Encryption.Multipart;

/// <summary>Seals a whole body as one value: the body on the wire is that value with its two quotes.</summary>
internal static class WholeSealer
{
    public static PiecedBody Seal(SealableBytes bytes, string contentType, ExchangeCipher cipher)
    {
        ValueRange all = new(0, bytes.Span.Length);
        InPlaceSeal seal = bytes.Seal(cipher, [all]);
        PooledBytes text = new(256, isSecret: false);
        seal.AppendPrefix(0, text);
        PiecedBody.Hole hole = new(text.Length, all);
        seal.AppendSuffix(0, text);
        return new PiecedBody(text, [hole], bytes, seal, contentType);
    }

    /// <summary>Whether a body is one sealed value and nothing else.</summary>
    public static bool IsSealed(PiecedBody wire, ReadOnlySpan<byte> secretId) =>
        wire.Holes.Count == 1 && wire.IsCiphertext && wire.Holes[0].At == wire.Text.Length - 1 - 2 * FieldCipher.TagSize &&
        SealedValue.IsSealedWith(wire.Text, secretId);
}
