using System.Text;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Encryption.Multipart;

/// <summary>Writes a form anew with every value sealed that is not on the plain list: fields by name, then files by name.</summary>
/// <remarks>The name of a file and its type would travel in the clear; the name of the field and a neutral type take their place.</remarks>
internal static class FormSealer
{
    // Headers and sealed form of a part without its value.
    private const int RoomPerPart = 512;

    /// <summary>Seals the values where they lie in <paramref name="bytes"/>, which <paramref name="form"/> describes.</summary>
    public static PiecedBody Seal(SealableBytes bytes, FormIndex form, PlainNames plain, ExchangeCipher cipher, string boundary)
    {
        IReadOnlyList<FormPart> parts = form.Ordered;
        if (form.HasRepeats || parts.Any(part => part.IsFile && plain.Contains(part.Name)))
        {
            throw new InvalidOperationException("A form with a repeated name or a file under a plain name has no sealed form.");
        }

        ValueRange[] ranges = [.. parts.Where(part => !plain.Contains(part.Name)).Select(part => part.Value)];
        InPlaceSeal seal = bytes.Seal(cipher, ranges);
        List<PiecedBody.Hole> holes = new(ranges.Length);
        PooledBytes text = new(RoomPerPart * (parts.Count + 1), isSecret: false);
        foreach (FormPart part in parts)
        {
            AppendHead(part, boundary, text);
            if (plain.Contains(part.Name))
            {
                text.Append(bytes.Span.Slice(part.Value.Start, part.Value.Length));
            }
            else
            {
                int number = holes.Count;
                seal.AppendPrefix(number, text);
                holes.Add(new PiecedBody.Hole(text.Length, part.Value));
                seal.AppendSuffix(number, text);
            }

            text.Append("\r\n"u8);
        }

        text.Append(Encoding.ASCII.GetBytes($"--{boundary}--\r\n"));
        return new PiecedBody(text, holes, bytes, seal, FormBoundary.ContentType(boundary));
    }

    /// <summary>Everything of a part before its value, as it travels.</summary>
    public static void AppendHead(FormPart part, string boundary, PooledBytes text)
    {
        text.Append(Encoding.ASCII.GetBytes($"--{boundary}\r\n"));
        AppendHeaders(part, text);
    }

    /// <summary>The headers of a part as they travel, with the empty line.</summary>
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
