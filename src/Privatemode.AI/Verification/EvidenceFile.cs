using System.Buffers;
using System.Text.Json;
using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Attestation.Tdx;

namespace Privatemode.AI.Verification;

/// <summary>Evidence in a file: one JSON object, all bytes in base64. Nothing in it is trusted when it is read.</summary>
/// <remarks>Members that this version does not know are ignored: they can make the evidence no better. A member that older versions must not ignore
/// needs another format.</remarks>
internal static class EvidenceFile
{
    private const string FormatName = "privatemode-evidence-";
    private const string Format = FormatName + "1";
    private const int NonceSize = 32;

    public static byte[] Write(EvidenceBundle evidence)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("format", Format);
            json.WriteString("endpoint", evidence.Endpoint.AbsoluteUri);
            json.WriteString("verifiedAt", evidence.VerifiedAt);
            json.WriteBase64String("nonce", evidence.Nonce.Span);
            json.WriteBase64String("document", evidence.Document.Span);
            if (evidence.Collateral.Snp is { } snp)
            {
                json.WriteStartObject("amd");
                json.WriteBase64String("vcek", evidence.Collateral.Vcek.Span);
                json.WriteBase64String("intermediate", snp.Intermediate.Span);
                json.WriteBase64String("root", snp.Root.Span);
                json.WriteBase64String("crl", snp.Crl.Span);
                if (snp.IsCrlSupplied)
                {
                    json.WriteBoolean("crlSupplied", true);
                }

                json.WriteEndObject();
            }

            if (evidence.Collateral.Tdx is { } tdx)
            {
                json.WriteStartObject("intel");
                json.WriteBase64String("tcbInfo", tdx.TcbInfo.Span);
                json.WriteBase64String("tcbInfoChain", tdx.TcbInfoChain.Span);
                if (!tdx.NewestTcbInfo.IsEmpty)
                {
                    json.WriteBase64String("newestTcbInfo", tdx.NewestTcbInfo.Span);
                    json.WriteBase64String("newestTcbInfoChain", tdx.NewestTcbInfoChain.Span);
                }

                json.WriteBase64String("qeIdentity", tdx.QeIdentity.Span);
                json.WriteBase64String("qeIdentityChain", tdx.QeIdentityChain.Span);
                json.WriteBase64String("pckCrl", tdx.PckCrl.Span);
                json.WriteBase64String("pckCrlChain", tdx.PckCrlChain.Span);
                json.WriteBase64String("rootCrl", tdx.RootCrl.Span);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <exception cref="FormatException">The bytes are not such a file.</exception>
    public static EvidenceBundle Read(ReadOnlyMemory<byte> file)
    {
        try
        {
            EvidenceMembers members = EvidenceMembers.Read(file);
            if (!members.IsText("format", Format))
            {
                throw members.HasTextPrefix("format", FormatName)
                    ? new FormatException(
                        $"The evidence was saved by another version of this package, in a format that this version cannot read (it reads {Format}). " +
                        "Update the package Privatemode.AI.")
                    : new JsonException("The format is not one of ours.");
            }

            return new EvidenceBundle(
                members.Address("endpoint"),
                members.Time("verifiedAt"),
                members.Bytes("nonce") is { Length: NonceSize } nonce ? nonce : throw new JsonException("The nonce has another length."),
                members.Bytes("document"),
                new ContrastCollateral { Snp = Amd(members), Vcek = members.Has("amd") ? members.Bytes("amd.vcek") : [], Tdx = Intel(members) });
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or UriFormatException)
        {
            throw new FormatException("VerifiedDeployment.SaveEvidenceAsync did not write this file, or it was changed. Check which file you read.", exception);
        }
    }

    private static SnpCollateral? Amd(EvidenceMembers members) => members.Has("amd")
        ? new SnpCollateral(members.Bytes("amd.intermediate"), members.Bytes("amd.root"), members.Bytes("amd.crl"))
        {
            IsCrlSupplied = members.IsTrue("amd.crlSupplied"),
        }
        : null;

    private static TdxCollateral? Intel(EvidenceMembers members) => members.Has("intel")
        ? new TdxCollateral(
            members.Bytes("intel.tcbInfo"),
            members.Bytes("intel.tcbInfoChain"),
            members.Bytes("intel.qeIdentity"),
            members.Bytes("intel.qeIdentityChain"),
            members.Bytes("intel.pckCrl"),
            members.Bytes("intel.pckCrlChain"),
            members.Bytes("intel.rootCrl"))
        {
            NewestTcbInfo = members.OptionalBytes("intel.newestTcbInfo"),
            NewestTcbInfoChain = members.OptionalBytes("intel.newestTcbInfoChain"),
        }
        : null;
}
