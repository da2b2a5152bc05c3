using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace Privatemode.AI.Fuzz.Targets;

/// <summary>Finds what is signed in evidence. Written apart from the library, so that both do not share a mistake; throws on the unexpected.</summary>
internal static class SignedParts
{
    private const int SnpSignedSize = 0x2A0;

    private static ReadOnlySpan<byte> EcdsaIdentifier => [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03];

    /// <summary>A certificate or a revocation list: what is signed, how, and the signature; nothing besides.</summary>
    public static IEnumerable<SignedPart> OfDer(string kind, byte[] der)
    {
        (int start, int end) = Content(der, 0, der.Length);
        Require(end == der.Length, "bytes after the whole");
        (_, int bodyEnd) = Content(der, start, end);
        (_, int algorithmEnd) = Content(der, bodyEnd, end);
        (int bits, int bitsEnd) = Content(der, algorithmEnd, end);
        Require(bitsEnd == end && der[algorithmEnd] == 0x03 && der[bits] == 0, "a signature of another form");
        yield return SignedPart.Of($"{kind} signed part", der.AsSpan(start, algorithmEnd - start));
        bool isEcdsa = der.AsSpan(bodyEnd, algorithmEnd - bodyEnd).IndexOf(EcdsaIdentifier) >= 0;
        yield return isEcdsa ? OfEcdsa(kind, der[(bits + 1)..bitsEnd]) : SignedPart.Of($"{kind} signature", der.AsSpan(bits, bitsEnd - bits));
    }

    /// <summary>SEQUENCE of two INTEGERs and nothing after it.</summary>
    public static SignedPart OfEcdsa(string kind, byte[] signature)
    {
        (int start, int end) = Content(signature, 0, signature.Length);
        (int r, int rEnd) = Content(signature, start, end);
        (int s, int sEnd) = Content(signature, rEnd, end);
        Require(end == signature.Length && sEnd == end && signature[start] == 2 && signature[rEnd] == 2, "a signature of another form");
        return SignedPart.Signature($"{kind} signature", signature.AsSpan(r, rEnd - r), signature.AsSpan(s, sEnd - s));
    }

    /// <summary>Every certificate of a text in PEM.</summary>
    public static IEnumerable<SignedPart> OfPem(string kind, ReadOnlySpan<byte> pem)
    {
        List<SignedPart> parts = [];
        string[] blocks = Encoding.Latin1.GetString(pem).Split("-----BEGIN CERTIFICATE-----");
        foreach (string block in blocks.Skip(1))
        {
            string[] halves = block.Split("-----END CERTIFICATE-----");
            Require(halves.Length == 2, "a block without an end");
            parts.AddRange(OfDer(kind, Convert.FromBase64String(halves[0])));
        }

        return parts;
    }

    /// <summary>A report of SEV-SNP: r and s are little-endian; everything else is signed or zero.</summary>
    public static IEnumerable<SignedPart> OfSnpReport(byte[] report)
    {
        yield return SignedPart.Of("report", report.AsSpan(0, SnpSignedSize));
        yield return SignedPart.Of("report size", BitConverter.GetBytes(report.Length));
        byte[] r = [.. report.AsSpan(SnpSignedSize, 72)];
        byte[] s = [.. report.AsSpan(SnpSignedSize + 72, 72)];
        Array.Reverse(r);
        Array.Reverse(s);
        yield return SignedPart.Signature("report signature", r, s);
        Require(!report.AsSpan(SnpSignedSize + 144).ContainsAnyExcept((byte)0), "something after the signature");
    }

    /// <summary>A quote of TDX: header and body, its signature, the key, the enclave's report with its signature, and the chain.</summary>
    public static IEnumerable<SignedPart> OfTdxQuote(byte[] quote)
    {
        int bodySize = BinaryPrimitives.ReadUInt16LittleEndian(quote) == 4 ? 584 : 6 + BinaryPrimitives.ReadInt32LittleEndian(quote.AsSpan(50));
        int at = 48 + bodySize;
        yield return SignedPart.Of("quote", quote.AsSpan(0, at));
        int end = at + 4 + BinaryPrimitives.ReadInt32LittleEndian(quote.AsSpan(at));
        at += 4;
        yield return SignedPart.Signature("quote signature", quote.AsSpan(at, 32), quote.AsSpan(at + 32, 32));
        yield return SignedPart.Of("attestation key", quote.AsSpan(at + 64, 64));
        Require(BinaryPrimitives.ReadUInt16LittleEndian(quote.AsSpan(at + 128)) == 6, "another kind of certification");
        at += 128 + 6;
        yield return SignedPart.Of("enclave report", quote.AsSpan(at, 384));
        yield return SignedPart.Signature("enclave report signature", quote.AsSpan(at + 384, 32), quote.AsSpan(at + 416, 32));
        at += 384 + 64;
        int authentication = BinaryPrimitives.ReadUInt16LittleEndian(quote.AsSpan(at));
        yield return SignedPart.Of("authentication data", quote.AsSpan(at + 2, authentication));
        at += 2 + authentication + 6;
        foreach (SignedPart part in OfPem("certificate", quote.AsSpan(at, end - at)))
        {
            yield return part;
        }
    }

    /// <summary>A document of Intel's: the exact bytes of its one value, and the signature.</summary>
    public static IEnumerable<SignedPart> OfCollateral(string name, byte[] json)
    {
        using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 256 });
        JsonProperty content = document.RootElement.EnumerateObject().Single(member => member.Name == name);
        JsonProperty signature = document.RootElement.EnumerateObject().Single(member => member.Name == "signature");
        byte[] numbers = Convert.FromHexString(signature.Value.GetString()!);
        return
        [
            SignedPart.Of(name, Encoding.UTF8.GetBytes(content.Value.GetRawText())),
            SignedPart.Signature($"{name} signature", numbers.AsSpan(0, 32), numbers.AsSpan(32)),
        ];
    }

    private static (int Start, int End) Content(byte[] der, int at, int limit)
    {
        int first = der[at + 1];
        int more = first > 0x80 ? first - 0x80 : 0;
        Require(first != 0x80 && more <= 3, "a length of another form");
        int length = more == 0 ? first : 0;
        for (int i = 0; i < more; i++)
        {
            length = length << 8 | der[at + 2 + i];
        }

        int start = at + 2 + more;
        Require(start + length <= limit, "a length beyond the end");
        return (start, start + length);
    }

    private static void Require(bool condition, string found)
    {
        if (!condition)
        {
            throw new InvalidDataException($"Accepted, but with {found}.");
        }
    }
}
