using System.Text;
using System.Text.Json;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Tests.Testing.Answers;

/// <summary>An answer of a test deployment as it travelled.</summary>
internal sealed record WireAnswer(int Status, string Body, string? ContentType, string? Encrypted, string? Sniffing)
{
    /// <summary>The answer as HTTP/1.1.</summary>
    public string ToHttp() =>
        $"HTTP/1.1 {Status} X\r\nContent-Type: {ContentType}\r\n"
        + (Encrypted is null ? "" : $"{ProtocolHeaders.Encrypted}: {Encrypted}\r\n")
        + $"Content-Length: {Encoding.UTF8.GetByteCount(Body)}\r\n\r\n{Body}";

    /// <summary>The message of a plain error.</summary>
    public string ReadMessage()
    {
        using JsonDocument document = JsonDocument.Parse(Body);
        return document.RootElement.GetProperty("error").GetProperty("message").GetString()!;
    }
}
