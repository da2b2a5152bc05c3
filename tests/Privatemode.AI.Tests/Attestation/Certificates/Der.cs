using System.Formats.Asn1;

namespace Privatemode.AI.Tests.Attestation.Certificates;

/// <summary>Small pieces of DER from which the tests put certificates together.</summary>
internal static class Der
{
    private const byte ConstructedBit = 0x20;

    public const string Sha256 = "2.16.840.1.101.3.4.2.1";
    public const string Sha384 = "2.16.840.1.101.3.4.2.2";

    public static byte[] EcdsaSha256 { get; } = Sequence(Identifier("1.2.840.10045.4.3.2"));

    /// <summary>AMD's algorithm as the newer certificates write it.</summary>
    public static byte[] PssSha384 { get; } = Pss();

    /// <summary>An AlgorithmIdentifier of RSASSA-PSS; null leaves an element out.</summary>
    public static byte[] Pss(byte[]? hash = null, byte[]? mask = null, int? salt = 48, int? trailer = null, params byte[][] rest) => Sequence(
        Identifier("1.2.840.113549.1.1.10"),
        Sequence(
        [
            Tagged(0, hash ?? Hash(Sha384)),
            Tagged(1, mask ?? Mgf1(Hash(Sha384))),
            salt is { } size ? Tagged(2, Integer(size)) : [],
            trailer is { } number ? Tagged(3, Integer(number)) : [],
            .. rest,
        ]));

    public static byte[] Hash(string identifier, bool withNull = true) => Sequence(Identifier(identifier), withNull ? Null() : []);

    public static byte[] Mgf1(byte[] hash) => Sequence(Identifier("1.2.840.113549.1.1.8"), hash);

    /// <summary>A name with one attribute, the common name.</summary>
    public static byte[] Name(string commonName) => Sequence(Attribute("2.5.4.3", commonName));

    /// <summary>A name with AMD's attributes.</summary>
    public static byte[] AmdName(string commonName) => Sequence(
        Attribute("2.5.4.11", "Engineering"),
        Attribute("2.5.4.6", "US"),
        Attribute("2.5.4.7", "Santa Clara"),
        Attribute("2.5.4.8", "CA"),
        Attribute("2.5.4.10", "Advanced Micro Devices"),
        Attribute("2.5.4.3", commonName));

    /// <summary>One relative distinguished name with one attribute.</summary>
    public static byte[] Attribute(string type, string value, UniversalTagNumber kind = UniversalTagNumber.UTF8String)
    {
        AsnWriter writer = new(AsnEncodingRules.DER);
        writer.WriteCharacterString(kind, value);
        return Constructed(0x31, Sequence(Identifier(type), writer.Encode()));
    }

    public static (string Identifier, bool Critical, byte[] Value) BasicConstraints(bool authority, int? pathLength = null) =>
        ("2.5.29.19", true, Sequence(authority ? [0x01, 0x01, 0xff] : [], pathLength is { } length ? Integer(length) : []));

    public static (string Identifier, bool Critical, byte[] Value) KeyUsage(bool certificates, bool lists) =>
        ("2.5.29.15", true, [0x03, 0x02, 0x01, (byte)((certificates ? 0x04 : 0) | (lists ? 0x02 : 0))]);

    public static (string Identifier, bool Critical, byte[] Value) CrlNumber(int number) => ("2.5.29.20", false, Integer(number));

    public static byte[] Identifier(string identifier)
    {
        AsnWriter writer = new(AsnEncodingRules.DER);
        writer.WriteObjectIdentifier(identifier);
        return writer.Encode();
    }

    public static byte[] Integer(int value)
    {
        AsnWriter writer = new(AsnEncodingRules.DER);
        writer.WriteInteger(value);
        return writer.Encode();
    }

    public static byte[] Null() => [0x05, 0x00];

    public static byte[] Sequence(params byte[][] parts) => Constructed(0x30, parts);

    /// <summary>An explicit, context-specific tag around one value.</summary>
    public static byte[] Tagged(int tag, params byte[][] content) => Constructed((byte)(0xa0 + tag), content);

    public static byte[] BitString(byte[] content, int unusedBits = 0)
    {
        AsnWriter writer = new(AsnEncodingRules.DER);
        writer.WriteBitString(content, unusedBits);
        return writer.Encode();
    }

    /// <summary>SIGNED { … } of RFC 5280.</summary>
    public static byte[] Signed(byte[] body, byte[] algorithm, Func<byte[], byte[]> sign) => Sequence(body, algorithm, BitString(sign(body)));

    /// <summary>The element with a NULL at the end of one of its constructed elements: a variant for each of them, with right lengths.</summary>
    public static IEnumerable<byte[]> WithOneElementMore(byte[] der)
    {
        if ((der[0] & ConstructedBit) == 0)
        {
            yield break;
        }

        byte[][] children = [.. Children(der)];
        yield return Constructed(der[0], [.. children, Null()]);
        for (int i = 0; i < children.Length; i++)
        {
            foreach (byte[] child in WithOneElementMore(children[i]))
            {
                yield return Constructed(der[0], [.. children[..i], child, .. children[(i + 1)..]]);
            }
        }
    }

    public static void WriteTime(AsnWriter writer, DateTimeOffset time)
    {
        if (time.Year < 2050)
        {
            writer.WriteUtcTime(time);
        }
        else
        {
            writer.WriteGeneralizedTime(time, omitFractionalSeconds: true);
        }
    }

    /// <summary>Extensions inside an explicit tag, or bare as in an entry of a revocation list; nothing when there are none.</summary>
    public static void WriteExtensions(AsnWriter writer, int? tag, (string Identifier, bool Critical, byte[] Value)[] extensions)
    {
        if (extensions.Length == 0)
        {
            return;
        }

        byte[] list = Sequence([.. extensions.Select(Extension)]);
        writer.WriteEncodedValue(tag is { } number ? Tagged(number, list) : list);
    }

    private static byte[] Extension((string Identifier, bool Critical, byte[] Value) extension)
    {
        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(extension.Identifier);
            if (extension.Critical)
            {
                writer.WriteBoolean(true);
            }

            writer.WriteOctetString(extension.Value);
        }

        return writer.Encode();
    }

    private static IEnumerable<byte[]> Children(byte[] der)
    {
        int end = 0;
        for (int start = Header(der); start < der.Length; start = end)
        {
            end = start + Header(der.AsSpan(start)) + Length(der.AsSpan(start));
            yield return der[start..end];
        }
    }

    private static int Header(ReadOnlySpan<byte> der) => der[1] < 0x80 ? 2 : 2 + (der[1] & 0x7f);

    private static int Length(ReadOnlySpan<byte> der)
    {
        int length = der[1] < 0x80 ? der[1] : 0;
        foreach (byte part in der[2..Header(der)])
        {
            length = (length << 8) | part;
        }

        return length;
    }

    private static byte[] Constructed(byte tag, params byte[][] parts)
    {
        byte[] content = [.. parts.SelectMany(part => part)];
        byte[] length = content.Length switch
        {
            < 0x80 => [(byte)content.Length],
            < 0x100 => [0x81, (byte)content.Length],
            < 0x10000 => [0x82, (byte)(content.Length >> 8), (byte)content.Length],
            _ => [0x83, (byte)(content.Length >> 16), (byte)(content.Length >> 8), (byte)content.Length],
        };
        return [tag, .. length, .. content];
    }
}
