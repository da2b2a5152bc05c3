using System.Globalization;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Responses;

/// <summary>Reports failures in the form of the Responses API.</summary>
internal static class ResponseErrors
{
    private const string ContextLength = "context_length_exceeded";
    private const string ContextWords = "maximum context length";

    // The member of the chat request that an error names, and the corresponding member of the response request.
    private static readonly Dictionary<string, string> Members = new(StringComparer.Ordinal)
    {
        ["messages"] = "input",
        ["max_completion_tokens"] = "max_output_tokens",
        ["response_format"] = "text.format",
        ["reasoning_effort"] = "reasoning.effort",
    };

    /// <summary>Returns the code and message of a failed response.</summary>
    public static (string Code, string Message) Of(Exception failure) => failure switch
    {
        PrivatemodeServiceException service => OfService(service),

        // It would be refused again: clients do not retry this code.
        PrivatemodeRequestException or PrivatemodeWouldLeakException or PrivatemodeConfigurationException => ("invalid_prompt", failure.Message),
        PrivatemodeException => ("server_error", failure.Message),

        // Messages of other exceptions can contain anything.
        _ => ("server_error", $"The request failed ({failure.GetType().Name})."),
    };

    /// <summary>Returns the body of an error answer in OpenAI's form, regardless of its original form.</summary>
    public static byte[] Translate(int status, ReadOnlySpan<byte> body)
    {
        using JsonIndex outer = new();
        using JsonIndex inner = new();
        ReadOnlySpan<byte> error = body;
        JsonIndex? members = IsObject(outer, body) ? outer : null;
        if (members is not null && Find(outer, body, "error"u8) is { Kind: not (JsonTokenType.None or JsonTokenType.Null) } nested)
        {
            error = nested.Value(body);
            members = IsObject(inner, error) ? inner : null;
        }

        using PooledBytes target = new(error.Length + 256);
        Write(target, status, error, members);
        return target.Span.ToArray();
    }

    private static (string Code, string Message) OfService(PrivatemodeServiceException failure)
    {
        string? words = failure.IsServerMessageAuthenticated ? failure.ServerMessage : null;
        return failure.Reason switch
        {
            ServiceFailureReason.RateLimited => ("rate_limit_exceeded", failure.RetryAfter is { } wait
                ? string.Create(CultureInfo.InvariantCulture, $"{failure.Message} Please try again in {Math.Max(wait.TotalSeconds, 0):0.###}s.")
                : failure.Message),
            ServiceFailureReason.InvalidRequest when failure.ErrorCode == ContextLength || IsAboutContext(words) => (ContextLength, words ?? failure.Message),
            ServiceFailureReason.InvalidRequest => ("invalid_prompt", words ?? failure.Message),
            _ => ("server_error", words is null ? failure.Message : $"{failure.Message} {words}"),
        };
    }

    private static bool IsAboutContext(string? words) => words?.Contains(ContextWords, StringComparison.OrdinalIgnoreCase) == true;

    /// <param name="target">The output.</param>
    /// <param name="status">The status of the answer.</param>
    /// <param name="error">The error: the value of the member <c>error</c>, or the whole body.</param>
    /// <param name="members">Its members; null if it is not an object.</param>
    private static void Write(PooledBytes target, int status, ReadOnlySpan<byte> error, JsonIndex? members)
    {
        target.Append("{\"error\":{\"message\":"u8);
        int start = target.Length;
        WriteMessage(target, status, error, members);
        bool isAboutContext = status < 500 && Encoding.UTF8.GetString(target.Span[start..]).Contains(ContextWords, StringComparison.OrdinalIgnoreCase);
        target.Append(",\"type\":"u8);
        WriteText(target, error, members, "type"u8, TypeOf(status));
        target.Append(",\"param\":"u8);
        WriteParam(target, error, members);
        target.Append(",\"code\":"u8);
        if (isAboutContext)
        {
            target.AppendText(ContextLength);
        }
        else
        {
            WriteText(target, error, members, "code"u8, null);
        }

        target.Append("}}"u8);
    }

    private static void WriteMessage(PooledBytes target, int status, ReadOnlySpan<byte> error, JsonIndex? members)
    {
        if (members is not null)
        {
            JsonMember message = Find(members, error, "message"u8);
            message = message.Kind is JsonTokenType.None or JsonTokenType.Null ? Find(members, error, "detail"u8) : message;
            error = message.Kind is JsonTokenType.None or JsonTokenType.Null ? error : message.Value(error);
        }

        error = error.Trim(" \t\r\n"u8);
        if (error.IsEmpty)
        {
            target.AppendText(string.Create(CultureInfo.InvariantCulture, $"The service answered with status {status}."));
        }
        else if (IsText(error))
        {
            target.Append(error);
        }
        else
        {
            // Not encrypted, so it can contain anything: bytes that are not UTF-8 become U+FFFD.
            target.AppendText(Encoding.UTF8.GetString(error));
        }
    }

    private static void WriteParam(PooledBytes target, ReadOnlySpan<byte> error, JsonIndex? members)
    {
        JsonMember param = members is null ? default : Find(members, error, "param"u8);
        ReadOnlySpan<byte> text = param.Kind == JsonTokenType.String ? param.Value(error) : default;
        if (text.Length is > 0 and < 64 && Members.TryGetValue(Encoding.UTF8.GetString(text[1..^1]), out string? member))
        {
            target.AppendText(member);
        }
        else
        {
            target.Append(text.IsEmpty ? "null"u8 : text);
        }
    }

    private static void WriteText(PooledBytes target, ReadOnlySpan<byte> error, JsonIndex? members, ReadOnlySpan<byte> name, string? otherwise)
    {
        JsonMember member = members is null ? default : Find(members, error, name);

        // Some gateways write an empty type.
        if (member is { Kind: JsonTokenType.String, ValueLength: > 2 })
        {
            target.Append(member.Value(error));
        }
        else if (otherwise is not null)
        {
            target.AppendText(otherwise);
        }
        else
        {
            target.Append("null"u8);
        }
    }

    private static JsonMember Find(JsonIndex members, ReadOnlySpan<byte> json, ReadOnlySpan<byte> name)
    {
        int at = json.IsEmpty ? -1 : members.Find(name);
        return at < 0 ? default : members.Members[at];
    }

    private static bool IsObject(JsonIndex index, ReadOnlySpan<byte> json) => index.Read(json) == JsonShape.Usable;

    /// <summary>Returns whether a text is one JSON string and nothing else.</summary>
    private static bool IsText(ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json);
        try
        {
            return reader.Read() && reader.TokenType == JsonTokenType.String && !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string TypeOf(int status) => status switch
    {
        400 or 404 or 413 or 422 => "invalid_request_error",
        401 => "authentication_error",
        403 => "permission_error",
        429 => "rate_limit_error",
        _ => "server_error",
    };
}
