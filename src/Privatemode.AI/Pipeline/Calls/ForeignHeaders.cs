using System.Collections.Frozen;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Pipeline.Calls;

/// <summary>What becomes of the headers another library puts on its requests: those known to be of no use here are left out, the rest refused.</summary>
/// <remarks>Not one of them is ever sent. Refusing tells a caller who relies on a header that nobody would get it.</remarks>
internal static class ForeignHeaders
{
    private const string StainlessPrefix = "X-Stainless-";

    private static readonly FrozenSet<string> LeftOut = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,

        // Credentials: the client's own is used.
        "Authorization", "x-api-key", "api-key",

        // Which form of another vendor's API is meant; the service has one.
        "anthropic-version", "anthropic-beta", "anthropic-dangerous-direct-browser-access", "OpenAI-Beta", "OpenAI-Organization", "OpenAI-Project",

        // What the library and its machine are, which call this is, and of which trace.
        "User-Agent", "X-Client-Request-Id", "x-ms-client-request-id", "Idempotency-Key", "traceparent", "tracestate", "baggage", "Request-Id",
        "Correlation-Context",

        // How the answer is wanted; it is JSON or events, and nobody on the way may keep it.
        "Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language", "Cache-Control", "Pragma", "Date",

        // Of the connection, which is another one.
        "Connection", "Keep-Alive");

    /// <summary>Checks the headers of a request and its content.</summary>
    /// <param name="request">The caller's request.</param>
    /// <param name="service">The configured address.</param>
    /// <exception cref="PrivatemodeWouldLeakException">One is not known to be of no use here.</exception>
    public static void Check(HttpRequestMessage request, Uri service)
    {
        foreach ((string name, System.Net.Http.Headers.HeaderStringValues values) in request.Headers.NonValidated)
        {
            if (!IsLeftOut(name, values.ToString(), service))
            {
                throw Refuse();
            }
        }

        if (request.Content is null)
        {
            return;
        }

        foreach ((string name, _) in request.Content.Headers.NonValidated)
        {
            if (!name.Equals(ProtocolHeaders.ContentType, StringComparison.OrdinalIgnoreCase) &&
                !name.Equals(ProtocolHeaders.ContentLength, StringComparison.OrdinalIgnoreCase))
            {
                throw Refuse();
            }
        }
    }

    private static bool IsLeftOut(string name, string value, Uri service) => name.ToUpperInvariant() switch
    {
        "HOST" => value.Equals(service.Authority, StringComparison.OrdinalIgnoreCase) || value.Equals(service.Host, StringComparison.OrdinalIgnoreCase),
        "TRANSFER-ENCODING" => value.Equals("chunked", StringComparison.OrdinalIgnoreCase),
        "EXPECT" => value.Equals("100-continue", StringComparison.OrdinalIgnoreCase),
        _ => LeftOut.Contains(name) || name.StartsWith(StainlessPrefix, StringComparison.OrdinalIgnoreCase),
    };

    private static PrivatemodeWouldLeakException Refuse() => new(
        "unknown-header", "The request has a header this library does not know, which would travel in the clear. Leave it out.");
}
