using System.Text.Json;

namespace Privatemode.AI.Tests.Testing.Answers;

/// <summary>An answer of a test deployment as it travelled.</summary>
internal sealed record WireAnswer(int Status, string Body, string? ContentType, string? Encrypted, string? Sniffing)
{
    /// <summary>The message of a plain error.</summary>
    public string ReadMessage()
    {
        using JsonDocument document = JsonDocument.Parse(Body);
        return document.RootElement.GetProperty("error").GetProperty("message").GetString()!;
    }
}
