using System.Formats.Asn1;
using System.Security.Cryptography;
using Privatemode.AI.Testing.Evidence.Certificates;

namespace Privatemode.AI.Testing.Evidence.Tdx;

// Reference: Intel SGX PCK Certificate and CRL Profile Specification, section 1.3.5.

/// <summary>The description of a platform in its PCK certificate.</summary>
internal sealed class PckPlatform
{
    public const string Oid = "1.2.840.113741.1.13.1";
    public const ushort DefaultPceSvn = 13;

    public static byte[] Components { get; } = [5, 5, 2, 2, 5, 1, 0, 5, .. new byte[8]];

    /// <summary>A platform instance that is listed in the manifest.</summary>
    public static byte[] OwnInstance { get; } = MD("own platform");

    public static byte[] SiblingInstance { get; } = MD("sibling platform");

    /// <summary>A platform instance that is not listed in the manifest.</summary>
    public static byte[] StrangerInstance { get; } = MD("another platform");

    public byte[] Ppid { get; set; } = MD("ppid");

    public byte[] ComponentSvns { get; set; } = Components;

    public ushort PceSvn { get; set; } = DefaultPceSvn;

    public byte[] PceId { get; set; } = [0, 0];

    public byte[] Fmspc { get; set; } = Convert.FromHexString("B0C06F000000");

    /// <summary>0 standard, 1 scalable, 2 scalable with integrity.</summary>
    public SgxType Type { get; set; } = SgxType.ScalableWithIntegrity;

    /// <summary>The platform instance; null to omit it, as certificates under the Processor CA do.</summary>
    public byte[]? InstanceId { get; set; } = OwnInstance;

    public bool IsDynamic { get; set; }

    public bool HasCachedKeys { get; set; } = true;

    public bool HasSmt { get; set; }

    public CertificateExtension ToExtension() => new(Oid, false, CertificateExtension.Encode(writer =>
    {
        using (writer.PushSequence())
        {
            Pair(writer, "1", () => writer.WriteOctetString(Ppid));
            Pair(writer, "2", () => WriteTcb(writer));
            Pair(writer, "3", () => writer.WriteOctetString(PceId));
            Pair(writer, "4", () => writer.WriteOctetString(Fmspc));
            Pair(writer, "5", () => writer.WriteEnumeratedValue(Type));
            if (InstanceId is { } id)
            {
                Pair(writer, "6", () => writer.WriteOctetString(id));
            }

            Pair(writer, "7", () => WriteConfiguration(writer));
        }
    }));

    private void WriteTcb(AsnWriter writer)
    {
        using (writer.PushSequence())
        {
            for (int i = 0; i < ComponentSvns.Length; i++)
            {
                int svn = ComponentSvns[i];
                Pair(writer, $"2.{i + 1}", () => writer.WriteInteger(svn));
            }

            Pair(writer, "2.17", () => writer.WriteInteger(PceSvn));
            Pair(writer, "2.18", () => writer.WriteOctetString(ComponentSvns));
        }
    }

    private void WriteConfiguration(AsnWriter writer)
    {
        using (writer.PushSequence())
        {
            Pair(writer, "7.1", () => writer.WriteBoolean(IsDynamic));
            Pair(writer, "7.2", () => writer.WriteBoolean(HasCachedKeys));
            Pair(writer, "7.3", () => writer.WriteBoolean(HasSmt));
        }
    }

    private static void Pair(AsnWriter writer, string suffix, Action value)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier($"{Oid}.{suffix}");
            value();
        }
    }

    // 16 bytes that mean nothing.
    private static byte[] MD(string text) => SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(text))[..16];
}
