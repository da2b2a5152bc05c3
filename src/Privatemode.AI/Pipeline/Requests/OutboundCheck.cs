using System.Globalization;
using Privatemode.AI.Encryption;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Transport;

namespace Privatemode.AI.Pipeline.Requests;

/// <summary>The last look before the socket: nothing leaves but what the attempt was sealed to, and only in a form that cannot leak.</summary>
/// <remarks>Reads the bytes that are about to leave afresh; it relies on nothing that was computed while sealing.</remarks>
internal static class OutboundCheck
{
    private static readonly string[] AcceptedTypes = ["application/json", "text/event-stream", "*/*"];

    /// <exception cref="PrivatemodeWouldLeakException">Something else would have left.</exception>
    public static void Demand(HttpRequestMessage request, CallAttempt? sent, object? content, Uri service)
    {
        CallAttempt attempt = sent ?? throw Refuse("unprepared-request");
        EndpointRule rule = attempt.Call.Rule;
        if (request.RequestUri is null || EndpointRules.Match(request.Method.Method, request.RequestUri, service).Path != rule.Path)
        {
            throw Refuse("changed-address");
        }

        if (!ReferenceEquals(content, attempt.Content) || (request.Content is null) != (attempt.Content is null))
        {
            throw Refuse("changed-body");
        }

        if (attempt.Content is { } body && !IsSealed(body.Body, rule, attempt.Exchange!))
        {
            throw Refuse("unsealed-body");
        }

        DemandHeaders(request, attempt);
        if (attempt.Content?.TryMarkSent() == false)
        {
            throw EncryptedContent.SentTwice();
        }
    }

    /// <summary>Whether an Accept header names media types the service answers with and nothing else.</summary>
    public static bool IsAccept(string value) => value.Split(',').All(type => AcceptedTypes.Contains(type.Trim(), StringComparer.Ordinal));

    private static bool IsSealed(EncryptedBody wire, EndpointRule rule, BodyExchange exchange) => exchange.IsEncrypted(wire, rule.Body, (name, value) =>
        rule.RequestPlain!.Contains(name) && (rule.Body == BodyKind.Form ? ClearFormFields.IsClearValue(name, value) : ClearMembers.IsClearValue(name, value)));

    private static void DemandHeaders(HttpRequestMessage request, CallAttempt attempt)
    {
        List<KeyValuePair<string, string>> missing = [.. attempt.Headers];
        foreach ((string name, string value) in RequestSnapshot.HeadersOf(request).SelectMany(header => header.Value, (header, value) => (header.Key, value)))
        {
            // The transport writes values as they are: a line break in one would begin another header, or another request.
            int i = missing.FindIndex(ours => ours.Key.Equals(name, StringComparison.OrdinalIgnoreCase) && ours.Value == value);
            if (!PrintableText.IsAscii(value) || (i < 0 && !IsHarmless(name, value)))
            {
                throw Refuse("changed-header");
            }

            if (i >= 0)
            {
                missing.RemoveAt(i);
            }
        }

        if (missing.Count > 0)
        {
            throw Refuse("changed-header");
        }
    }

    private static bool IsHarmless(string name, string value) =>
        name.Equals(ProtocolHeaders.Accept, StringComparison.OrdinalIgnoreCase) ? IsAccept(value)
        : name.Equals(ProtocolHeaders.ContentLength, StringComparison.OrdinalIgnoreCase) &&
            long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _);

    private static PrivatemodeWouldLeakException Refuse(string what) =>
        new(what, "Something between sealing and the socket changed the request; it was not sent. Remove policies that edit requests.");
}
