using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Testing.Evidence.Tdx;

namespace Privatemode.AI.Tests.Testing.Evidence;

/// <summary>TDX evidence in a document and its collateral, read as the formats are documented.</summary>
internal static class TdxFacts
{
    private static readonly string[] BodyFields =
    [
        "teeTcbSvn", "mrSeam", "mrSignerSeam", "seamAttributes", "tdAttributes", "xfam", "mrTd", "mrConfigId", "mrOwner", "mrOwnerConfig",
    ];

    public static void AddTdx(this Facts facts, byte[] evidence, IssuedTdx issued, byte[] pinnedRoot)
    {
        ProtobufMessage message = new(evidence);
        ProtobufMessage header = message.Message(1);
        ProtobufMessage body = message.Message(2);
        facts.Add("header.version", header.Number(1));
        facts.Add("header.keyType", header.Number(2));
        facts.Add("header.teeType", header.Number(3));
        facts.Add("header.vendor", header.Bytes(6));
        for (int i = 0; i < BodyFields.Length; i++)
        {
            facts.Add($"body.{BodyFields[i]}", body.Bytes(i + 1));
        }

        IReadOnlyList<byte[]> registers = body.All(11);
        for (int i = 0; i < registers.Count; i++)
        {
            facts.Add($"body.rtmr{i}", registers[i]);
        }

        AddQuotingEnclave(facts, message.Message(4), issued);
        ProtobufMessage signed = message.Message(4);
        byte[] covered = [.. WriteHeader(header), .. Enumerable.Range(1, 10).SelectMany(body.Bytes), .. registers.SelectMany(rtmr => rtmr), .. body.Bytes(12)];
        facts.Add("holds.quote signature", Verify(signed.Bytes(2), covered, signed.Bytes(1)));
        facts.AddCertificate("pck", issued.Pck);
        facts.AddCertificate("pckCa", issued.PckAuthority);
        facts.AddCertificate("root", issued.Root);
        facts.Add("holds.pck under CA", CertificateFacts.IsSignedBy(issued.Pck, issued.PckAuthority));
        facts.Add("holds.CA under root", CertificateFacts.IsSignedBy(issued.PckAuthority, issued.Root));
        facts.Add("holds.root pinned", SnpFacts.Fingerprint(issued.Root).AsSpan().SequenceEqual(pinnedRoot));
        AddDocument(facts, "tcbInfo", issued.TcbInfo, issued.TcbInfoChain, issued);
        AddDocument(facts, "enclaveIdentity", issued.QeIdentity, issued.QeIdentityChain, issued);
        AddList(facts, "pckCrl", issued.PckList, issued.PckAuthority);
        AddList(facts, "rootCrl", issued.RootList, issued.Root);
    }

    public static bool Verify(byte[] point, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        try
        {
            using ECDsa key = ECDsa.Create(new ECParameters
            {
                Curve = ECCurve.NamedCurves.nistP256,
                Q = new ECPoint { X = point[..32], Y = point[32..] },
            });
            return key.VerifyData(data, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    public static bool Verify(X509Certificate2 certificate, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        using ECDsa key = certificate.GetECDsaPublicKey()!;
        return key.VerifyData(data, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }

    private static byte[] WriteHeader(ProtobufMessage header)
    {
        byte[] raw = new byte[48];
        BinaryPrimitives.WriteUInt16LittleEndian(raw, (ushort)header.Number(1));
        BinaryPrimitives.WriteUInt16LittleEndian(raw.AsSpan(2), (ushort)header.Number(2));
        BinaryPrimitives.WriteUInt32LittleEndian(raw.AsSpan(4), (uint)header.Number(3));
        header.Bytes(5).CopyTo(raw, 8);
        header.Bytes(4).CopyTo(raw, 10);
        header.Bytes(6).CopyTo(raw, 12);
        header.Bytes(7).CopyTo(raw, 28);
        return raw;
    }

    private static void AddQuotingEnclave(Facts facts, ProtobufMessage signed, IssuedTdx issued)
    {
        ProtobufMessage certification = signed.Message(3);
        ProtobufMessage qe = certification.Message(3);
        ProtobufMessage report = qe.Message(1);
        ProtobufMessage auth = qe.Message(3);
        ProtobufMessage chain = qe.Message(4);
        byte[] raw =
        [
            .. report.Bytes(1), .. Number(report.Number(2), 4), .. report.Bytes(3), .. report.Bytes(4), .. report.Bytes(5), .. report.Bytes(6),
            .. report.Bytes(7), .. report.Bytes(8), .. Number(report.Number(9), 2), .. Number(report.Number(10), 2), .. report.Bytes(11), .. report.Bytes(12),
        ];
        Assert.Equal(384, raw.Length);
        facts.Add("certification.type", certification.Number(1));
        facts.Add("chain.type", chain.Number(1));
        facts.Add("chain.size", chain.Number(2) == (ulong)chain.Bytes(3).Length ? "right" : "wrong");
        facts.Add("qe.authSize", auth.Number(1));
        facts.Add("qe.miscSelect", report.Number(2));
        facts.Add("qe.attributes", report.Bytes(4));
        facts.Add("qe.mrSigner", report.Bytes(7));
        facts.Add("qe.productId", report.Number(9));
        facts.Add("qe.svn", report.Number(10));
        byte[] bound = [.. SHA256.HashData([.. signed.Bytes(2), .. auth.Bytes(2)]), .. new byte[32]];
        facts.Add("holds.attestation key bound", bound.AsSpan().SequenceEqual(report.Bytes(12)));
        string text = Encoding.ASCII.GetString(chain.Bytes(3));
        facts.Add("chain.text", Describe(text, issued));
        using X509Certificate2 pck = X509CertificateLoader.LoadCertificate(issued.Pck);
        facts.Add("holds.QE report signature", Verify(pck, raw, qe.Bytes(2)));
    }

    private static void AddDocument(Facts facts, string name, byte[] document, string chain, IssuedTdx issued)
    {
        using JsonDocument json = JsonDocument.Parse(document);
        facts.Add(name, json.RootElement.EnumerateObject().First().Value);
        facts.Add($"{name}.members", string.Join(',', json.RootElement.EnumerateObject().Select(property => property.Name)));
        facts.Add($"{name}.chain", Describe(chain, issued));
        using X509Certificate2 signer = X509CertificateLoader.LoadCertificate(issued.TcbSigning);
        ReadOnlySpan<byte> value = document.AsSpan(name.Length + 4); // past {"name":
        value = value[..value.LastIndexOf(",\"signature\""u8)];
        facts.Add($"holds.{name} signature", Verify(signer, value, Convert.FromHexString(json.RootElement.GetProperty("signature").GetString()!)));
        if (name == "tcbInfo")
        {
            facts.AddCertificate("signer", issued.TcbSigning);
            facts.Add("holds.signer under root", CertificateFacts.IsSignedBy(issued.TcbSigning, issued.Root));
        }
    }

    private static void AddList(Facts facts, string name, byte[] list, byte[] issuer)
    {
        facts.AddRevocationList(name, list);
        facts.Add($"holds.{name} under its CA", CertificateFacts.IsSignedBy(list, issuer));
    }

    // Names of the certificates in order, and what stands after the last.
    private static string Describe(string text, IssuedTdx issued)
    {
        List<string> names = [];
        int end = 0;
        while (PemEncoding.TryFind(text.AsSpan(end), out PemFields fields))
        {
            byte[] der = Convert.FromBase64String(text[end..][fields.Base64Data]);
            names.Add(der.AsSpan().SequenceEqual(issued.Pck) ? "pck"
                : der.AsSpan().SequenceEqual(issued.PckAuthority) ? "ca"
                : der.AsSpan().SequenceEqual(issued.TcbSigning) ? "signer"
                : der.AsSpan().SequenceEqual(issued.Root) ? "root" : "other");
            end += fields.Location.End.GetOffset(text.Length - end);
        }

        return string.Join('+', names) + " " + string.Concat(text[end..].Select(character => $"{(int)character:x2}"));
    }

    private static byte[] Number(ulong value, int size)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return bytes[..size];
    }
}
