using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Privatemode.AI.Testing.Enclave;

/// <summary>What the service checks in an opened body: the cache salt and the media.</summary>
internal static partial class BodyRules
{
    private const int MinimumSaltBytes = 32;

    // Tool schemas may be nested deeper than the 64 levels of the default.
    private static readonly JsonDocumentOptions Deep = new() { MaxDepth = 1000 };

    /// <summary>Whether a decrypted body is JSON at all; a client may encrypt what is none.</summary>
    public static bool IsJson(string body)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body, Deep);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>Why the cache salt is not acceptable; null when it is. As liberal as the service: any JSON value of 32 bytes passes.</summary>
    public static string? CheckCacheSalt(string body)
    {
        if (body.Length == 0)
        {
            return null;
        }

        using JsonDocument document = JsonDocument.Parse(body, Deep);
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
            : Encoding.UTF8.GetByteCount(text) < MinimumSaltBytes ? $"cache_salt must be at least {MinimumSaltBytes} characters long"
            : null;
    }

    /// <summary>Why the media of the messages are not acceptable; null when they are. Like the service, in the clear and quoting the URL.</summary>
    public static string? CheckMedia(string body)
    {
        if (body.Length == 0)
        {
            return null;
        }

        using JsonDocument document = JsonDocument.Parse(body, Deep);
        return Parts(document.RootElement, "messages").SelectMany(message => Parts(message, "content"))
            .SelectMany(part => (IEnumerable<string?>)[CheckPart(part), CheckBlock(part), .. Parts(part, "content").Select(CheckBlock)])
            .FirstOrDefault(refusal => refusal is not null);
    }

    private static JsonElement[] Parts(JsonElement parent, string name) =>
        Find(parent, name) is { ValueKind: JsonValueKind.Array } parts ? [.. parts.EnumerateArray()] : [];

    private static JsonElement Find(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement value) ? value : default;

    private static string? CheckPart(JsonElement part) =>
        UrlOf(part, "audio_url") is { } audio ? $"audio URLs are not allowed: \"{audio}\""
        : UrlOf(part, "video_url") is { } video ? $"video URLs are not allowed: \"{video}\""
        : UrlOf(part, "image_url") is { } image ? CheckImage(image)
        : null;

    /// <summary>An Anthropic-style image, which names its URL elsewhere.</summary>
    private static string? CheckBlock(JsonElement block) =>
        Find(block, "type") is { ValueKind: JsonValueKind.String } type && type.ValueEquals("image")
            && Find(Find(block, "source"), "url") is { ValueKind: JsonValueKind.String } url ? CheckImage(url.GetString()!) : null;

    private static string? UrlOf(JsonElement part, string name)
    {
        JsonElement media = Find(part, name);
        JsonElement url = media.ValueKind == JsonValueKind.Object ? Find(media, "url") : media;
        return url.ValueKind == JsonValueKind.String ? url.GetString() : null;
    }

    private static string? CheckImage(string url) =>
        !UrlForm().IsMatch(url) || BadEscape().IsMatch(QueryOf().Replace(url, "")) ? $"parsing image URL: parse \"{url}\": invalid URL"
        : url.StartsWith("https:", StringComparison.OrdinalIgnoreCase) || url.StartsWith("data:", StringComparison.OrdinalIgnoreCase) ? null
        : $"non-HTTPS and non-data image URL \"{url}\" is insecure";

    /// <summary>Roughly what Go's net/url takes: no control characters, hosts and ports of their characters, anything behind other schemes.</summary>
    [GeneratedRegex(
        @"\A(?!.*[\x00-\x1f\x7f])(?:[A-Za-z][A-Za-z0-9+.-]*:)?"
            + @"(?://(?:[^/?#@\s""]*@)?(?:\[[0-9A-Fa-f:.]+\]|[^/?#@:\s%\[\]]*)(?::[0-9]*)?(?:[/?#].*)?|(?!//).*)\z",
        RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex UrlForm();

    /// <summary>A query may hold anything.</summary>
    [GeneratedRegex(@"\?[^#]*", RegexOptions.CultureInvariant)]
    private static partial Regex QueryOf();

    /// <summary>What follows the scheme of a data URL is not looked at, up to its fragment.</summary>
    [GeneratedRegex("^(?!data:[^/])[^#]*%(?![0-9A-Fa-f]{2})|#.*%(?![0-9A-Fa-f]{2})", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex BadEscape();
}
