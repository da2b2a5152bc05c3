using System.Buffers;
using System.Text.Json;
using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Attestation.Tdx;

namespace Privatemode.AI.Sessions;

/// <summary>Evidence in a file: one JSON object, all bytes in base64. Nothing in it is trusted when it is read.</summary>
internal static class EvidenceFile
{
    private const string Format = "privatemode-evidence-1";
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
            using JsonDocument json = JsonDocument.Parse(file, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 4 });
            JsonElement root = json.RootElement;
            return root.GetProperty("format").GetString() == Format && Bytes(root, "nonce").Length == NonceSize
                ? new EvidenceBundle(
                    Address(root.GetProperty("endpoint").GetString()!),
                    root.GetProperty("verifiedAt").GetDateTimeOffset(),
                    Bytes(root, "nonce"),
                    Bytes(root, "document"),
                    new ContrastCollateral { Snp = Amd(root), Vcek = Vcek(root), Tdx = Intel(root) })
                : throw new FormatException("This is evidence of another format. Update this package.");
        }
        catch (Exception exception) when (exception is
            JsonException or KeyNotFoundException or InvalidOperationException or UriFormatException or ArgumentNullException)
        {
            throw new FormatException("This is no file that SaveEvidenceAsync wrote.", exception);
        }
    }

    private static SnpCollateral? Amd(JsonElement root) => root.TryGetProperty("amd", out JsonElement amd)
        ? new SnpCollateral(Bytes(amd, "intermediate"), Bytes(amd, "root"), Bytes(amd, "crl"))
        {
            IsCrlSupplied = amd.TryGetProperty("crlSupplied", out JsonElement supplied) && supplied.GetBoolean(),
        }
        : null;

    private static byte[] Vcek(JsonElement root) => root.TryGetProperty("amd", out JsonElement amd) ? Bytes(amd, "vcek") : [];

    private static TdxCollateral? Intel(JsonElement root) => root.TryGetProperty("intel", out JsonElement intel)
        ? new TdxCollateral(
            Bytes(intel, "tcbInfo"),
            Bytes(intel, "tcbInfoChain"),
            Bytes(intel, "qeIdentity"),
            Bytes(intel, "qeIdentityChain"),
            Bytes(intel, "pckCrl"),
            Bytes(intel, "pckCrlChain"),
            Bytes(intel, "rootCrl"))
        {
            NewestTcbInfo = intel.TryGetProperty("newestTcbInfo", out JsonElement newest) ? newest.GetBytesFromBase64() : default(ReadOnlyMemory<byte>),
            NewestTcbInfoChain = intel.TryGetProperty("newestTcbInfoChain", out JsonElement chain) ? chain.GetBytesFromBase64() : default(ReadOnlyMemory<byte>),
        }
        : null;

    // A path alone would be a file's address, and count as loopback.
    private static Uri Address(string text) => new Uri(text, UriKind.Absolute) is { Scheme: "http" or "https" } address
        ? address
        : throw new UriFormatException("The endpoint is not on the web.");

    private static byte[] Bytes(JsonElement element, string name) => element.GetProperty(name).GetBytesFromBase64();
}
