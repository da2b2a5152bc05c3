using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Privatemode.AI.Testing.Enclave;

/// <summary>The service's checks of a decrypted body: the cache salt and the media.</summary>
internal static partial class BodyRules
{
    private const int MinimumSaltBytes = 32;

    // Tool schemas may be nested deeper than the 64 levels of the default.
    private static readonly JsonDocumentOptions Deep = new() { MaxDepth = 1000 };

    /// <summary>Returns whether a decrypted body is JSON. A client can also encrypt other bytes.</summary>
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

    /// <summary>Returns the error for a cache salt that is not accepted, or null. Like the service, it accepts any JSON value of at least 32 bytes.</summary>
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

    /// <summary>Returns the error for media of a chat that are not accepted, or null. The service checks all images first, then sound and video.</summary>
    public static string? CheckMedia(string body)
    {
        if (body.Length == 0)
        {
            return null;
        }

        using JsonDocument document = JsonDocument.Parse(body, Deep);
        JsonElement[] parts = [.. Parts(document.RootElement, "messages").SelectMany(message => Parts(message, "content"))];
        return Urls(parts, "image_url").Select(CheckImage).FirstOrDefault(refusal => refusal is not null)
            ?? Urls(parts, "audio_url").Select(url => $"validating audio URLs: audio URLs are not allowed: {Quote(url)}").FirstOrDefault()
            ?? Urls(parts, "video_url").Select(url => $"validating video URLs: video URLs are not allowed: {Quote(url)}").FirstOrDefault();
    }

    /// <summary>Returns the error for media in Anthropic's format that are not accepted, or null. Only images have URLs there, in messages and in tool
    /// results.</summary>
    public static string? CheckBlocks(string body)
    {
        if (body.Length == 0)
        {
            return null;
        }

        using JsonDocument document = JsonDocument.Parse(body, Deep);
        JsonElement[] blocks = [.. Parts(document.RootElement, "messages").SelectMany(message => Parts(message, "content"))];
        return blocks.Concat(blocks.Where(block => IsOf(block, "tool_result")).SelectMany(block => Parts(block, "content")))
            .Where(block => IsOf(block, "image")).Select(block => Find(Find(block, "source"), "url"))
            .Where(url => url.ValueKind == JsonValueKind.String).Select(url => CheckImage(url.GetString()!)).FirstOrDefault(refusal => refusal is not null);
    }

    private static JsonElement[] Parts(JsonElement parent, string name) =>
        Find(parent, name) is { ValueKind: JsonValueKind.Array } parts ? [.. parts.EnumerateArray()] : [];

    private static JsonElement Find(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement value) ? value : default;

    private static bool IsOf(JsonElement block, string type) => Find(block, "type") is { ValueKind: JsonValueKind.String } text && text.ValueEquals(type);

    /// <summary>Returns the URLs of parts that contain them in an object, then those of parts that contain them as a string.</summary>
    private static IEnumerable<string> Urls(JsonElement[] parts, string name) => parts.Select(part => Find(Find(part, name), "url"))
        .Concat(parts.Select(part => Find(part, name))).Where(url => url.ValueKind == JsonValueKind.String).Select(url => url.GetString()!);

    private static string? CheckImage(string url) =>
        !UrlForm().IsMatch(url) || BadEscape().IsMatch(QueryOf().Replace(url, ""))
            ? $"validating image URLs: parsing image URL: parse {Quote(url)}: invalid URL"
        : url.StartsWith("https:", StringComparison.OrdinalIgnoreCase) || url.StartsWith("data:", StringComparison.OrdinalIgnoreCase) ? null
        : $"validating image URLs: non-HTTPS and non-data image URL {Quote(url)} is insecure";

    private static string Quote(string url) => $"\"{url}\"";

    /// <summary>Matches approximately the URLs that Go's net/url accepts: no control characters, valid characters in hosts and ports, and any text after other
    /// schemes.</summary>
    [GeneratedRegex(
        @"\A(?!.*[\x00-\x1f\x7f])(?:[A-Za-z][A-Za-z0-9+.-]*:)?"
            + @"(?://(?:[^/?#@\s""]*@)?(?:\[[0-9A-Fa-f:.]+\]|[^/?#@:\s%\[\]]*)(?::[0-9]*)?(?:[/?#].*)?|(?!//).*)\z",
        RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex UrlForm();

    /// <summary>Matches the query, which can contain any text.</summary>
    [GeneratedRegex(@"\?[^#]*", RegexOptions.CultureInvariant)]
    private static partial Regex QueryOf();

    /// <summary>Matches an invalid escape sequence. In a data URL, only the fragment is checked.</summary>
    [GeneratedRegex("^(?!data:[^/])[^#]*%(?![0-9A-Fa-f]{2})|#.*%(?![0-9A-Fa-f]{2})", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex BadEscape();
}
