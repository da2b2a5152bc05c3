using System.Text;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Encryption.Multipart;

/// <summary>Writes a form with all values encrypted, except those that may be sent in the clear: fields by name, then files by name.</summary>
/// <remarks>The name of a file and its type would be sent in the clear; the name of the field and a neutral type replace them.</remarks>
internal static class FormEncryptor
{
    // Headers and encrypted form of a part without its value.
    private const int CapacityPerPart = 512;

    /// <summary>Encrypts the values in place in <paramref name="bytes"/>, which <paramref name="form"/> describes.</summary>
    public static SegmentedBody Encrypt(InPlaceBuffer bytes, FormIndex form, ClearNames plain, ExchangeCipher cipher, string boundary)
    {
        IReadOnlyList<FormPart> parts = form.Ordered;
        if (form.HasRepeats || parts.Any(part => part.IsFile && plain.Contains(part.Name)))
        {
            throw new InvalidOperationException("A form with a repeated name, or with a file in a field that is sent in the clear, cannot be encrypted.");
        }

        ValueRange[] ranges = [.. parts.Where(part => !plain.Contains(part.Name)).Select(part => part.Value)];
        InPlaceEncryption encryption = bytes.Encrypt(cipher, ranges);
        List<SegmentedBody.Gap> gaps = new(ranges.Length);
        PooledBytes text = new(CapacityPerPart * (parts.Count + 1), isSecret: false);
        foreach (FormPart part in parts)
        {
            AppendHead(part, boundary, text);
            if (plain.Contains(part.Name))
            {
                text.Append(bytes.Span.Slice(part.Value.Start, part.Value.Length));
            }
            else
            {
                int number = gaps.Count;
                encryption.AppendPrefix(number, text);
                gaps.Add(new SegmentedBody.Gap(text.Length, part.Value));
                encryption.AppendSuffix(number, text);
            }

            text.Append("\r\n"u8);
        }

        text.Append(Encoding.ASCII.GetBytes($"--{boundary}--\r\n"));
        return new SegmentedBody(text, gaps, bytes, encryption, FormBoundary.ContentType(boundary));
    }

    /// <summary>Appends the text of a part before its value, as it is sent.</summary>
    public static void AppendHead(FormPart part, string boundary, PooledBytes text)
    {
        text.Append(Encoding.ASCII.GetBytes($"--{boundary}\r\n"));
        AppendHeaders(part, text);
    }

    /// <summary>Appends the headers of a part as they are sent, including the empty line.</summary>
    public static void AppendHeaders(FormPart part, PooledBytes text)
    {
        text.Append("Content-Disposition: form-data; name=\""u8);
        text.Append(part.Name);
        if (part.IsFile)
        {
            text.Append("\"; filename=\""u8);
            text.Append(part.Name);
            text.Append("\"\r\nContent-Type: application/octet-stream\r\n\r\n"u8);
        }
        else
        {
            text.Append("\"\r\n\r\n"u8);
        }
    }
}

/// <summary>The last check of a form before it is sent. It reads the bytes that will be sent, and uses no results of the encryption.</summary>
/// <remarks>
/// The hex of ciphertext is created while it is written, so the text is read without it: an encrypted value then looks like that of an empty
/// plaintext. Each place where ciphertext will be filled in must be inside such a value, right before its tag.
/// </remarks>
internal static class EncryptedFormCheck
{
    /// <summary>Returns whether a form contains only encrypted values and clear fields that are allowed.</summary>
    public static bool IsEncrypted(SegmentedBody wire, ReadOnlySpan<byte> secretId, ClearMemberCheck mayBePlain)
    {
        if (!wire.IsCiphertext || !FormBoundary.IsOurs(wire.ContentType) || !FormBoundary.TryRead(wire.ContentType, out string boundary)
            || FormIndex.Read(wire.Text, boundary, out FormIndex form) != FormShape.Usable || form.HasRepeats)
        {
            return false;
        }

        int gaps = 0;
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
            if (!EncryptedValue.IsEncryptedWith(value, secretId) || gaps == wire.Gaps.Count || wire.Gaps[gaps].At != end)
            {
                return false;
            }

            gaps++;
        }

        return gaps == wire.Gaps.Count;
    }

    private static bool HasOurHeaders(ReadOnlySpan<byte> text, FormPart part)
    {
        using PooledBytes expected = new(PartHead.MaxLength, isSecret: false);
        FormEncryptor.AppendHeaders(part, expected);
        return text[part.HeadStart..part.Value.Start].SequenceEqual(expected.Span);
    }
}

/// <summary>Encrypts a whole body as one value: the body on the wire is that value with its two quotes.</summary>
internal static class OpaqueEncryptor
{
    public static SegmentedBody Encrypt(InPlaceBuffer bytes, string contentType, ExchangeCipher cipher)
    {
        ValueRange all = new(0, bytes.Span.Length);
        InPlaceEncryption encryption = bytes.Encrypt(cipher, [all]);
        PooledBytes text = new(256, isSecret: false);
        encryption.AppendPrefix(0, text);
        SegmentedBody.Gap gap = new(text.Length, all);
        encryption.AppendSuffix(0, text);
        return new SegmentedBody(text, [gap], bytes, encryption, contentType);
    }

    /// <summary>Returns whether a body is one encrypted value and nothing else.</summary>
    public static bool IsEncrypted(SegmentedBody wire, ReadOnlySpan<byte> secretId) =>
        wire.Gaps.Count == 1 && wire.IsCiphertext && wire.Gaps[0].At == wire.Text.Length - 1 - 2 * FieldCipher.TagSize &&
        EncryptedValue.IsEncryptedWith(wire.Text, secretId);
}
