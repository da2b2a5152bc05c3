using System.Text;
using System.Text.Json;

namespace Privatemode.AI.Testing.Enclave;

/// <summary>What the service checks in an opened body: the cache salt and the media.</summary>
internal static class BodyRules
{
    private const int MinimumSaltBytes = 32;

    /// <summary>Why the cache salt is not acceptable; null when it is. As liberal as the service: any JSON value of 32 bytes passes.</summary>
    public static string? CheckCacheSalt(string body)
    {
        if (body.Length == 0)
        {
            return null;
        }

        using JsonDocument document = JsonDocument.Parse(body);
        if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("cache_salt", out JsonElement salt))
        {
            return "missing field 'cache_salt'";
        }

        string text = salt.ValueKind switch
        {
            JsonValueKind.Null => "",
            JsonValueKind.String => salt.GetString()!,
            _ => salt.GetRawText(),
        };
        return text.Length == 0 ? "missing field 'cache_salt'"
            : Encoding.UTF8.GetByteCount(text) < MinimumSaltBytes ? $"field 'cache_salt' must be at least {MinimumSaltBytes} characters"
            : null;
    }

    /// <summary>Why the media of the messages are not acceptable; null when they are.</summary>
    public static string? CheckMedia(string body)
    {
        if (body.Length == 0)
        {
            return null;
        }

        using JsonDocument document = JsonDocument.Parse(body);
        if (!document.RootElement.TryGetProperty("messages", out JsonElement messages) || messages.ValueKind != JsonValueKind.Array)
        {
            return null;
        }

        return messages.EnumerateArray()
            .Where(message => message.ValueKind == JsonValueKind.Object && message.TryGetProperty("content", out JsonElement content)
                && content.ValueKind == JsonValueKind.Array)
            .SelectMany(message => message.GetProperty("content").EnumerateArray())
            .Select(CheckPart)
            .FirstOrDefault(refusal => refusal is not null);
    }

    private static string? CheckPart(JsonElement part)
    {
        if (part.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        if (part.TryGetProperty("audio_url", out _) || part.TryGetProperty("video_url", out _))
        {
            return "audio and video URLs are not supported";
        }

        if (!part.TryGetProperty("image_url", out JsonElement image))
        {
            return null;
        }

        string url = (image.ValueKind == JsonValueKind.Object && image.TryGetProperty("url", out JsonElement inner) ? inner : image).ToString();
        return url.StartsWith("https://", StringComparison.OrdinalIgnoreCase) || url.StartsWith("data:", StringComparison.OrdinalIgnoreCase)
            ? null
            : "only https and data image URLs are supported";
    }
}
