using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Privatemode.AI.Testing.Evidence.Sev;

namespace Privatemode.AI.Tests.Testing.Evidence;

/// <summary>SNP evidence in a document, read by number and offset as the formats are documented.</summary>
internal static class SnpFacts
{
    private static readonly (int Field, string Name, int Offset, int Size)[] Numbers =
    [
        (1, "version", 0x000, 4), (2, "guestSvn", 0x004, 4), (3, "policy", 0x008, 8), (6, "vmpl", 0x030, 4), (7, "algorithm", 0x034, 4),
        (8, "currentTcb", 0x038, 8), (9, "platformInfo", 0x040, 8), (10, "keyInfo", 0x048, 4), (18, "reportedTcb", 0x180, 8),
        (20, "committedTcb", 0x1E0, 8), (21, "currentBuild", 0x1E8, 1), (22, "currentMinor", 0x1E9, 1), (23, "currentMajor", 0x1EA, 1),
        (24, "committedBuild", 0x1EC, 1), (25, "committedMinor", 0x1ED, 1), (26, "committedMajor", 0x1EE, 1), (27, "launchTcb", 0x1F0, 8),
        (30, "launchMitigations", 0x1F8, 8), (31, "currentMitigations", 0x200, 8),
    ];

    private static readonly (int Field, string Name, int Offset)[] Strings =
    [
        (4, "familyId", 0x010), (5, "imageId", 0x020), (11, "reportData", 0x050), (12, "measurement", 0x090), (13, "hostData", 0x0C0),
        (14, "idKeyDigest", 0x0E0), (15, "authorKeyDigest", 0x110), (16, "reportId", 0x140), (17, "reportIdMa", 0x160), (19, "chipId", 0x1A0),
    ];

    public static void AddSnp(this Facts facts, byte[] evidence, IssuedSnp issued, byte[] pinnedRoot)
    {
        ProtobufMessage message = new(evidence);
        ProtobufMessage report = message.Message(1);
        foreach ((int field, string name, int _, int _) in Numbers)
        {
            facts.Add($"report.{name}", report.Number(field));
        }

        foreach ((int field, string name, int _) in Strings.Where(entry => entry.Name != "reportData"))
        {
            facts.Add($"report.{name}", report.Bytes(field));
        }

        facts.Add("report.cpuId", report.Number(29));
        facts.Add("holds.report signature", IsSigned(report, issued.Vek));
        facts.Add("vek.slot", message.Message(2).Bytes(1).Length > 0 ? "chip" : message.Message(2).Bytes(6).Length > 0 ? "provider" : "none");
        facts.AddCertificate("vek", issued.Vek);
        facts.AddCertificate("intermediate", issued.Intermediate);
        facts.AddCertificate("root", issued.Root);
        facts.Add("holds.vek under intermediate", CertificateFacts.IsSignedBy(issued.Vek, issued.Intermediate));
        facts.Add("holds.intermediate under root", CertificateFacts.IsSignedBy(issued.Intermediate, issued.Root));
        facts.Add("holds.root under itself", CertificateFacts.IsSignedBy(issued.Root, issued.Root));
        facts.Add("holds.root pinned", Fingerprint(issued.Root).AsSpan().SequenceEqual(pinnedRoot));
        facts.Add("crl", issued.RevocationList is null ? "none" : "there");
        if (issued.RevocationList is { } list)
        {
            facts.AddRevocationList("crl", list);
            facts.Add("holds.crl under root", CertificateFacts.IsSignedBy(list, issued.Root));
        }
    }

    /// <summary>The report as firmware lays it out, put together from the message.</summary>
    public static byte[] Rebuild(ProtobufMessage report)
    {
        byte[] raw = new byte[0x4A0];
        Span<byte> number = stackalloc byte[8];
        foreach ((int field, string _, int offset, int size) in Numbers)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(number, report.Number(field));
            number[..size].CopyTo(raw.AsSpan(offset));
        }

        foreach ((int field, string _, int offset) in Strings)
        {
            report.Bytes(field).CopyTo(raw, offset);
        }

        if (report.Number(1) >= 3)
        {
            ulong id = report.Number(29);
            raw[0x188] = (byte)((id >> 20 & 0xFF) + (id >> 8 & 0xF));
            raw[0x189] = (byte)((id >> 16 & 0xF) * 16 + (id >> 4 & 0xF));
            raw[0x18A] = (byte)(id & 0xF);
        }

        report.Bytes(28).CopyTo(raw, 0x2A0);
        return raw;
    }

    public static byte[] Fingerprint(byte[] certificate)
    {
        using X509Certificate2 loaded = X509CertificateLoader.LoadCertificate(certificate);
        return SHA256.HashData(loaded.PublicKey.ExportSubjectPublicKeyInfo());
    }

    private static bool IsSigned(ProtobufMessage report, byte[] vek)
    {
        byte[] raw = Rebuild(report);
        byte[] signature = [.. raw[0x2A0..0x2D0].Reverse(), .. raw[0x2E8..0x318].Reverse()];
        bool isPadded = raw.AsSpan(0x2D0, 24).IndexOfAnyExcept((byte)0) < 0
            && raw.AsSpan(0x318, 24).IndexOfAnyExcept((byte)0) < 0
            && raw.AsSpan(0x330).IndexOfAnyExcept((byte)0) < 0;
        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(vek);
        using ECDsa key = certificate.GetECDsaPublicKey()!;
        return isPadded && key.KeySize == 384
            && key.VerifyData(raw.AsSpan(0, 0x2A0), signature, HashAlgorithmName.SHA384, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }
}
