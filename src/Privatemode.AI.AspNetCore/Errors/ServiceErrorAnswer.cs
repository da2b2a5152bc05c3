using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Privatemode.AI.AspNetCore.Errors;

/// <summary>The content of an answer of the service with a status of 400 or more. Reading it never fails, regardless of its text.</summary>
internal sealed record ServiceErrorAnswer
{
    /// <summary>The maximum number of bytes of the body that are read. The rest is ignored.</summary>
    public const int MaxBytes = 256 * 1024;

    private const int MaxUnauthenticatedLength = 1000;
    private const int MaxAuthenticatedLength = 32 * 1024;
    private const int MaxWordLength = 64;
    private static readonly JsonReaderOptions Depth = new() { MaxDepth = 32 };

    public required int Status { get; init; }

    /// <summary>The message, as <see cref="Quote"/> returns it; never empty.</summary>
    public required string Text { get; init; }

    public string? Code { get; init; }

    public string? Param { get; init; }

    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Whether the prompt is too long for the model.</summary>
    public bool IsContextLength => Code == ProxyError.ContextLengthExceeded || SpeaksOfContextLength(Text);

    /// <summary>Reads the body of an answer.</summary>
    /// <param name="status">The status, 400 or more.</param>
    /// <param name="body">The first <see cref="MaxBytes"/> bytes of the body, or all of it.</param>
    /// <param name="isAuthenticated">Whether the deployment encrypted it. Otherwise, an attacker on the network path can have written it.</param>
    /// <param name="retryAfter">The value of the header <c>Retry-After</c> as the library limits it, or null.</param>
    public static ServiceErrorAnswer Read(int status, ReadOnlySpan<byte> body, bool isAuthenticated, TimeSpan? retryAfter = null)
    {
        (string? message, string? code, string? param) = Parse(body[..Math.Min(body.Length, MaxBytes)]);
        return new ServiceErrorAnswer
        {
            Status = status,
            Text = string.IsNullOrWhiteSpace(message) ? $"The service answered with status {status}." : Quote(message, isAuthenticated),
            Code = Word(code),
            Param = Word(param),
            RetryAfter = retryAfter,
        };
    }

    /// <summary>Returns a text of the service in the form in which callers receive it.</summary>
    public static string Quote(string text, bool isAuthenticated)
    {
        if (isAuthenticated)
        {
            return Cut(text, MaxAuthenticatedLength);
        }

        string printable = string.Create(Math.Min(text.Length, MaxUnauthenticatedLength), text, static (target, source) =>
        {
            for (int i = 0; i < target.Length; i++)
            {
                target[i] = IsUnsafe(source[i]) ? ' ' : source[i];
            }
        });
        return $"Unauthenticated answer of the service: {printable}";
    }

    public static bool SpeaksOfContextLength(string text) =>
        text.Contains("context length", StringComparison.OrdinalIgnoreCase) || text.Contains("context_length", StringComparison.OrdinalIgnoreCase);

    /// <summary>Returns whether a character could forge or hide lines of a log or of a terminal.</summary>
    private static bool IsUnsafe(char character) => char.GetUnicodeCategory(character) is UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate;

    private static string Cut(string text, int length) =>
        text.Length <= length ? text : text[..(char.IsHighSurrogate(text[length - 1]) ? length - 1 : length)];

    /// <summary>Returns a code or the name of a member if it is short printable ASCII; otherwise null.</summary>
    private static string? Word(string? text) =>
        text is { Length: > 0 and <= MaxWordLength } && !text.AsSpan().ContainsAnyExceptInRange(' ', '~') ? text : null;

    private static (string? Message, string? Code, string? Param) Parse(ReadOnlySpan<byte> body)
    {
        try
        {
            Utf8JsonReader reader = new(body, Depth);
            using JsonDocument document = JsonDocument.ParseValue(ref reader);
            return Read(document.RootElement);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // An escaped lone surrogate causes an InvalidOperationException.
            return (Encoding.UTF8.GetString(body), null, null);
        }
    }

    private static (string? Message, string? Code, string? Param) Read(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            return (TextOf(element), null, null);
        }

        if (element.TryGetProperty("error", out JsonElement error) && error.ValueKind is JsonValueKind.Object or JsonValueKind.String)
        {
            return error.ValueKind == JsonValueKind.String ? (error.GetString(), null, null) : Read(error);
        }

        string? code = element.TryGetProperty("code", out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        string? param = element.TryGetProperty("param", out value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        return element.TryGetProperty("message", out JsonElement message) || element.TryGetProperty("detail", out message)
            ? (TextOf(message), code, param)
            : (element.GetRawText(), code, param);
    }

    private static string? TextOf(JsonElement element) => element.ValueKind == JsonValueKind.String ? element.GetString() : element.GetRawText();
}
