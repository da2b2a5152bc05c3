using System.Text.Json;

namespace Privatemode.AI.Verification;

/// <summary>The members of a file of evidence, by their path such as <c>amd.crl</c>: where each value stands, read only when it is asked for.</summary>
/// <remarks>
/// The file may be the body of a stranger's request. A document object model would take memory by the length of the text, and keep it.
/// </remarks>
internal sealed class EvidenceMembers
{
    // Ours has some twenty names and values, at most two deep; a newer version's may have more.
    private const int MaxTokens = 256;
    private const int MaxDepth = 16;
    private const int Deepest = 2;
    private const int LongestText = 2048;

    // The longest part of real evidence is a list of less than 4 MiB.
    private const int LongestValue = 6 * 1024 * 1024;

    private readonly Dictionary<string, Range> _values = new(StringComparer.Ordinal);
    private readonly ReadOnlyMemory<byte> _file;

    private EvidenceMembers(ReadOnlyMemory<byte> file) => _file = file;

    /// <exception cref="JsonException">It is no JSON, has a name twice, or more than 256 names, values and brackets.</exception>
    /// <exception cref="InvalidOperationException">A name is no text.</exception>
    public static EvidenceMembers Read(ReadOnlyMemory<byte> file)
    {
        EvidenceMembers members = new(file);
        Utf8JsonReader reader = new(file.Span, new JsonReaderOptions { MaxDepth = MaxDepth });
        string outer = "";
        string path = "";
        for (int tokens = 0; reader.Read(); tokens++)
        {
            Demand(tokens < MaxTokens, "There are too many names, values and brackets.");
            if (reader.TokenType == JsonTokenType.PropertyName)
            {
                Demand(reader.ValueSpan.Length <= LongestText, "A name is too long.");
                string name = reader.GetString()!;
                outer = reader.CurrentDepth == 1 ? name : outer;
                path = reader.CurrentDepth switch { 1 => name, Deepest => $"{outer}.{name}", _ => "" };
                Demand(path.Length == 0 || members._values.TryAdd(path, default), "A name stands twice.");
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
        return reader.ValueSpan.Length <= LongestText && reader.GetString()!.StartsWith(prefix, StringComparison.Ordinal);
    }

    public byte[] Bytes(string path) => At(path).TryGetBytesFromBase64(out byte[]? bytes) ? bytes : throw new JsonException("A value is not base64.");

    /// <summary>The bytes; none when the member is absent.</summary>
    public ReadOnlyMemory<byte> OptionalBytes(string path) => Has(path) ? Bytes(path) : default(ReadOnlyMemory<byte>);

    /// <summary>A flag; false when it is absent.</summary>
    public bool IsTrue(string path)
    {
        ReadOnlySpan<byte> flag = Has(path) ? _file.Span[_values[path]] : "false"u8;
        Demand(flag.SequenceEqual("true"u8) || flag.SequenceEqual("false"u8), "A flag is neither true nor false.");
        return flag.SequenceEqual("true"u8);
    }

    public DateTimeOffset Time(string path) => At(path).TryGetDateTimeOffset(out DateTimeOffset time) ? time : throw new JsonException("A value is no time.");

    /// <exception cref="UriFormatException">It is no address on the web. A path alone would be a file's, and count as loopback.</exception>
    public Uri Address(string path)
    {
        Utf8JsonReader reader = At(path);
        Demand(reader.ValueSpan.Length <= LongestText, "An address is too long.");
        return new Uri(reader.GetString()!, UriKind.Absolute) is { Scheme: "http" or "https" } address
            ? address
            : throw new UriFormatException("The endpoint is not on the web.");
    }

    /// <exception cref="KeyNotFoundException">There is no such member.</exception>
    /// <exception cref="JsonException">It is not a text.</exception>
    private Utf8JsonReader At(string path)
    {
        Utf8JsonReader reader = new(_file.Span[_values[path]], isFinalBlock: false, state: default);
        Demand(reader.Read() && reader.TokenType == JsonTokenType.String && reader.ValueSpan.Length <= LongestValue, "A value is no text, or too long.");
        return reader;
    }

    private static void Demand(bool condition, string what)
    {
        if (!condition)
        {
            throw new JsonException(what);
        }
    }
}
