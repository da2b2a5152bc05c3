using System.Buffers;
using System.Text.Json;
using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Attestation.Tdx;

namespace Privatemode.AI.Verification;

/// <summary>Evidence in a file: one JSON object, all bytes in base64. Nothing in it is trusted when it is read.</summary>
/// <remarks>Members that this version does not know are ignored, because they cannot make the evidence more trustworthy. A member that older
/// versions must not ignore requires another format.</remarks>
internal static class EvidenceFile
{
    private const string FormatName = "privatemode-evidence-";
    private const string Format = FormatName + "1";
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

    /// <exception cref="FormatException">The bytes are not a file of this format.</exception>
    public static EvidenceBundle Read(ReadOnlyMemory<byte> file)
    {
        try
        {
            EvidenceJson members = EvidenceJson.Read(file);
            if (!members.IsText("format", Format))
            {
                throw members.HasTextPrefix("format", FormatName)
                    ? new FormatException(
                        $"The evidence was saved by another version of this package, in a format that this version cannot read (it reads {Format}). " +
                        "Update the package Privatemode.AI.")
                    : new JsonException("The format is unknown.");
            }

            return new EvidenceBundle(
                members.Address("endpoint"),
                members.Time("verifiedAt"),
                members.Bytes("nonce") is { Length: ReportData.NonceSize } nonce ? nonce : throw new JsonException("The nonce has the wrong length."),
                members.Bytes("document"),
                new ContrastCollateral { Snp = Amd(members), Vcek = members.Has("amd") ? members.Bytes("amd.vcek") : [], Tdx = Intel(members) });
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or UriFormatException)
        {
            throw new FormatException("VerifiedDeployment.SaveEvidenceAsync did not write this file, or it was changed. Check which file you read.", exception);
        }
    }

    private static SnpCollateral? Amd(EvidenceJson members) => members.Has("amd")
        ? new SnpCollateral(members.Bytes("amd.intermediate"), members.Bytes("amd.root"), members.Bytes("amd.crl"))
        {
            IsCrlSupplied = members.IsTrue("amd.crlSupplied"),
        }
        : null;

    private static TdxCollateral? Intel(EvidenceJson members) => members.Has("intel")
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

/// <summary>The members of an evidence file, by path such as <c>amd.crl</c>: the position of each value, which is read only on request.</summary>
/// <remarks>
/// The file can be the body of an untrusted request. A document object model would need several times the memory of the text, and would keep it.
/// </remarks>
internal sealed class EvidenceJson
{
    // A file of this version has some twenty names and values, at most two deep; one of a newer version may have more.
    private const int MaxTokens = 256;
    private const int MaxDepth = 16;
    private const int Deepest = 2;
    private const int MaxTextLength = 2048;

    // The longest part of real evidence is a list of less than 4 MiB.
    private const int MaxValueLength = 6 * 1024 * 1024;

    private readonly Dictionary<string, Range> _values = new(StringComparer.Ordinal);
    private readonly ReadOnlyMemory<byte> _file;

    private EvidenceJson(ReadOnlyMemory<byte> file) => _file = file;

    /// <exception cref="JsonException">The text is not JSON, contains a duplicate name, or has more than 256 names, values and brackets.</exception>
    /// <exception cref="InvalidOperationException">A name is not valid Unicode text.</exception>
    public static EvidenceJson Read(ReadOnlyMemory<byte> file)
    {
        EvidenceJson members = new(file);
        Utf8JsonReader reader = new(file.Span, new JsonReaderOptions { MaxDepth = MaxDepth });
        string outer = "";
        string path = "";
        for (int tokens = 0; reader.Read(); tokens++)
        {
            Require(tokens < MaxTokens, "There are too many names, values and brackets.");
            if (reader.TokenType == JsonTokenType.PropertyName)
            {
                Require(reader.ValueSpan.Length <= MaxTextLength, "A name is too long.");
                string name = reader.GetString()!;
                outer = reader.CurrentDepth == 1 ? name : outer;
                path = reader.CurrentDepth switch { 1 => name, Deepest => $"{outer}.{name}", _ => "" };
                Require(path.Length == 0 || members._values.TryAdd(path, default), "A name occurs twice.");
            }
            else if (path.Length > 0)
            {
                members._values[path] = (int)reader.TokenStartIndex..(int)reader.BytesConsumed;
                path = "";
            }
        }

        return members;
    }

    public bool Has(string path) => _values.ContainsKey(path);

    public bool IsText(string path, string expected) => At(path).ValueTextEquals(expected);

    public bool HasTextPrefix(string path, string prefix)
    {
        Utf8JsonReader reader = At(path);
        return reader.ValueSpan.Length <= MaxTextLength && reader.GetString()!.StartsWith(prefix, StringComparison.Ordinal);
    }

    public byte[] Bytes(string path) => At(path).TryGetBytesFromBase64(out byte[]? bytes) ? bytes : throw new JsonException("A value is not base64.");

    /// <summary>The bytes; empty if the member is absent.</summary>
    public ReadOnlyMemory<byte> OptionalBytes(string path) => Has(path) ? Bytes(path) : default(ReadOnlyMemory<byte>);

    /// <summary>A flag; false if it is absent.</summary>
    public bool IsTrue(string path)
    {
        ReadOnlySpan<byte> flag = Has(path) ? _file.Span[_values[path]] : "false"u8;
        Require(flag.SequenceEqual("true"u8) || flag.SequenceEqual("false"u8), "A flag is neither true nor false.");
        return flag.SequenceEqual("true"u8);
    }

    public DateTimeOffset Time(string path) => At(path).TryGetDateTimeOffset(out DateTimeOffset time) ? time : throw new JsonException("A value is no time.");

    /// <exception cref="UriFormatException">The value is not an absolute http or https address. (A bare path would be parsed as a file URI, which counts as
    /// loopback.)</exception>
    public Uri Address(string path)
    {
        Utf8JsonReader reader = At(path);
        Require(reader.ValueSpan.Length <= MaxTextLength, "An address is too long.");
        return new Uri(reader.GetString()!, UriKind.Absolute) is { Scheme: "http" or "https" } address
            ? address
            : throw new UriFormatException("The endpoint is not on the web.");
    }

    /// <exception cref="KeyNotFoundException">There is no such member.</exception>
    /// <exception cref="JsonException">It is not a text.</exception>
    private Utf8JsonReader At(string path)
    {
        Utf8JsonReader reader = new(_file.Span[_values[path]], isFinalBlock: false, state: default);
        Require(reader.Read() && reader.TokenType == JsonTokenType.String && reader.ValueSpan.Length <= MaxValueLength, "A value is not text, or is too long.");
        return reader;
    }

    private static void Require(bool condition, string what)
    {
        if (!condition)
        {
            throw new JsonException(what);
        }
    }
}

/// <summary>Everything that a verification used, so that it can be repeated.</summary>
/// <param name="Nonce">32 bytes.</param>
/// <param name="Document">The attestation document, JSON; it contains the manifest.</param>
internal sealed record EvidenceBundle(
    Uri Endpoint, DateTimeOffset VerifiedAt, ReadOnlyMemory<byte> Nonce, ReadOnlyMemory<byte> Document, ContrastCollateral Collateral);
