namespace Privatemode.AI.Encryption.Multipart;

/// <summary>The last look at a form before the socket: reads what is about to leave afresh and relies on nothing the sealer kept.</summary>
/// <remarks>
/// The hex of ciphertext is made while it is written, so the text is read without it: a sealed value then looks like that of an empty
/// plaintext. Each place where ciphertext will be filled in must be inside such a value, right before its tag.
/// </remarks>
internal static class FormCheck
{
    /// <summary>Whether a form holds sealed values and members that may be plain, and nothing of its sender's wording elsewhere.</summary>
    public static bool IsSealed(PiecedBody wire, ReadOnlySpan<byte> secretId, PlainMemberCheck mayBePlain)
    {
        if (!wire.IsCiphertext || !FormBoundary.IsOurs(wire.ContentType) || !FormBoundary.TryRead(wire.ContentType, out string boundary)
            || FormIndex.Read(wire.Text, boundary, out FormIndex form) != FormShape.Usable || form.HasRepeats)
        {
            return false;
        }

        int holes = 0;
        foreach (FormPart part in form.Parts)
        {
            ReadOnlySpan<byte> value = wire.Text.Slice(part.Value.Start, part.Value.Length);
            if (!HasOurHeaders(wire.Text, part))
            {
                return false;
            }

            if (!part.IsFile && mayBePlain(part.Name, value))
            {
                continue;
            }

            int end = part.Value.Start + part.Value.Length - 1 - 2 * FieldCipher.TagSize;
            if (!SealedValue.IsSealedWith(value, secretId) || holes == wire.Holes.Count || wire.Holes[holes].At != end)
            {
                return false;
            }

            holes++;
        }

        return holes == wire.Holes.Count;
    }

    private static bool HasOurHeaders(ReadOnlySpan<byte> text, FormPart part)
    {
        using PooledBytes expected = new(PartHead.MaxLength, isSecret: false);
        FormSealer.AppendHeaders(part, expected);
        return text[part.HeadStart..part.Value.Start].SequenceEqual(expected.Span);
    }
}
