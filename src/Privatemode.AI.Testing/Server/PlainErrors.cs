using System.Text.Encodings.Web;
using System.Text.Json;

namespace Privatemode.AI.Testing.Server;

/// <summary>Errors in the clear, as gateway and proxies write them.</summary>
internal static class PlainErrors
{
    /// <summary>Body and content type for an error; with <c>Accept: text/event-stream</c> exactly it comes as an event.</summary>
    public static (string Body, string ContentType) Write(string message, string type, string? code, string? accept)
    {
        string suffix = code is null ? "" : $",\"code\":{Quote(code)}";
        string json = $"{{\"error\":{{\"message\":{Quote(message)},\"type\":{Quote(type)}{suffix}}}}}";
        return accept == "text/event-stream" ? ($"event: error\n\ndata: {json}\n\n", "text/event-stream") : (json, "application/json");
    }

    /// <summary>As the service's own encoder writes text: it escapes what matters in HTML, and nothing else beyond JSON's needs.</summary>
    private static string Quote(string text)
    {
        string encoded = JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).Value
            .Replace("<", "\\u003c", StringComparison.Ordinal)
            .Replace(">", "\\u003e", StringComparison.Ordinal)
            .Replace("&", "\\u0026", StringComparison.Ordinal);
        return $"\"{encoded}\"";
    }
}
