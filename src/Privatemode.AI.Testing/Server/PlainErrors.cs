using System.Text.Encodings.Web;
using System.Text.Json;

namespace Privatemode.AI.Testing.Server;

/// <summary>Writes unencrypted errors, as the gateway and proxies do.</summary>
internal static class PlainErrors
{
    /// <summary>Returns the body and the content type of an error. It is an event if the request has exactly <c>Accept: text/event-stream</c>.</summary>
    public static (string Body, string ContentType) Write(string message, string type, string? code, string? accept)
    {
        string suffix = code is null ? "" : $",\"code\":{Quote(code)}";
        string json = $"{{\"error\":{{\"message\":{Quote(message)},\"type\":{Quote(type)}{suffix}}}}}";
        return accept == "text/event-stream" ? ($"event: error\n\ndata: {json}\n\n", "text/event-stream") : (json, "application/json");
    }

    /// <summary>Writes a string as the service's encoder does: besides what JSON requires, only characters with a meaning in HTML are escaped.</summary>
    private static string Quote(string text)
    {
        string encoded = JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).Value
            .Replace("<", "\\u003c", StringComparison.Ordinal)
            .Replace(">", "\\u003e", StringComparison.Ordinal)
            .Replace("&", "\\u0026", StringComparison.Ordinal);
        return $"\"{encoded}\"";
    }
}
