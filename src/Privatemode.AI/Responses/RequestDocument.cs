using System.Text.Json;
using System.Text.Unicode;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Requests;

namespace Privatemode.AI.Responses;

/// <summary>Parses the body of a request for a response, with limits, and only if it is unambiguous.</summary>
internal static class RequestDocument
{
    /// <summary>The maximum number of names, values and brackets of a body, because each needs memory.</summary>
    public const int MaxJsonTokens = 4_000_000;

    /// <summary>The maximum number of members of an object, because the time to find duplicate names grows faster than their number.</summary>
    public const int MaxMembers = 10_000;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = JsonLimits.MaxDepth, AllowDuplicateProperties = false };

    /// <summary>Parses a body. Dispose the result.</summary>
    /// <exception cref="PrivatemodeWouldLeakException">The body is not a JSON object, or is ambiguous.</exception>
    /// <exception cref="PrivatemodeRequestException">The body exceeds a limit, or contains half of a surrogate pair.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> body)
    {
        try
        {
            if (Utf8.IsValid(body.Span))
            {
                RequestEncryptor.ThrowIfLoneSurrogate(body.Span);
                ThrowIfTooMany(body.Span);
                JsonDocument document = JsonDocument.Parse(body, Strict);
                if (document.RootElement.ValueKind == JsonValueKind.Object)
                {
                    return document;
                }

                document.Dispose();
            }
        }
        catch (JsonException)
        {
            // Its message may quote the body.
        }

        throw new PrivatemodeWouldLeakException(
            "unparsable-body",
            $"The body must be a JSON object in valid UTF-8, nested at most {JsonLimits.MaxDepth} deep, and no object in it may have two members of the same " +
            "name.");
    }

    private static void ThrowIfTooMany(ReadOnlySpan<byte> body)
    {
        // By the depth of the members.
        Span<int> members = stackalloc int[JsonLimits.MaxDepth + 1];
        Utf8JsonReader reader = new(body, new JsonReaderOptions { MaxDepth = JsonLimits.MaxDepth });
        for (int tokens = 0; reader.Read(); tokens++)
        {
            if (tokens == MaxJsonTokens)
            {
                throw new PrivatemodeRequestException("body", $"The request has more than {MaxJsonTokens} names, values and brackets. Send less at once.");
            }

            if (reader.TokenType == JsonTokenType.StartObject)
            {
                members[reader.CurrentDepth + 1] = 0;
            }
            else if (reader.TokenType == JsonTokenType.PropertyName && ++members[reader.CurrentDepth] > MaxMembers)
            {
                throw new PrivatemodeRequestException(
                    "body", $"The request has an object with more than {MaxMembers} members. Leave out those that are null.");
            }
        }
    }
}
