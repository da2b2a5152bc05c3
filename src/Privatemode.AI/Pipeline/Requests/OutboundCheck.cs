using System.Globalization;
using System.Net.Http.Headers;
using System.Numerics;
using Privatemode.AI.Encryption;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Transport;

namespace Privatemode.AI.Pipeline.Requests;

/// <summary>Checks a request before the message handlers: address, body and headers must be those of its attempt, and it is sent only once.</summary>
/// <remarks>Every value of the body must be in encrypted form or an allowed clear value; the bytes are read again for that. This check is above the
/// application's handlers; below them, <see cref="OutboundGuardHandler"/> compares the request with a snapshot.</remarks>
internal static class OutboundCheck
{
    /// <exception cref="PrivatemodeWouldLeakException">The request differs from what may be sent.</exception>
    public static void ThrowIfWouldLeak(HttpRequestMessage request, CallAttempt? sent, object? content, Uri service)
    {
        CallAttempt attempt = sent ?? throw Refuse("unprepared-request");
        EndpointRule rule = attempt.Call.Rule;
        if (rule.SentAs is not null)
        {
            throw Refuse("untranslated-body");
        }

        if (request.RequestUri is null || EndpointRules.Match(request.Method.Method, request.RequestUri, service).Path != rule.Path)
        {
            throw Refuse("changed-address");
        }

        if (!ReferenceEquals(content, attempt.Content) || (request.Content is null) != (attempt.Content is null))
        {
            throw Refuse("changed-body");
        }

        if (attempt.Content is { } body && !IsEncrypted(body.Body, rule, attempt.Exchange!))
        {
            throw Refuse("unsealed-body");
        }

        ThrowIfHeadersChanged(request, attempt);
        if (attempt.Content?.TryMarkSent() == false)
        {
            throw TransportExceptions.SentTwice();
        }
    }

    /// <summary>Whether an Accept header names only media types of the service's answers.</summary>
    public static bool IsAccept(ReadOnlySpan<char> value)
    {
        foreach (Range type in value.Split(','))
        {
            if (value[type].Trim() is not ("application/json" or "text/event-stream" or "*/*"))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsEncrypted(EncryptedBody wire, EndpointRule rule, BodyExchange exchange) => exchange.IsEncrypted(wire, rule.Body, (name, value) =>
        rule.RequestClearNames!.Contains(name) && (rule.Body == BodyKind.Form
            ? ClearFormFields.IsClearValue(name, value)
            : ClearMembers.IsClearValue(name, value)));

    private static void ThrowIfHeadersChanged(HttpRequestMessage request, CallAttempt attempt)
    {
        ulong found = 0;
        Check(request.Headers.NonValidated, attempt.Headers, ref found);
        if (request.Content is not null)
        {
            Check(request.Content.Headers.NonValidated, attempt.Headers, ref found);
        }

        if (BitOperations.PopCount(found) < attempt.Headers.Count)
        {
            throw Refuse("changed-header");
        }
    }

    /// <param name="headers">The headers to send.</param>
    /// <param name="expected">The allowed headers, at most 64.</param>
    /// <param name="found">A bit for each allowed header that was found: a second one with the same value is refused.</param>
    private static void Check(HttpHeadersNonValidated headers, List<KeyValuePair<string, string>> expected, ref ulong found)
    {
        foreach ((string name, HeaderStringValues values) in headers)
        {
            foreach (string value in values)
            {
                int i = IndexOf(name, value, expected, found);

                // The transport writes values as they are: a line break in one would begin another header, or another request.
                if (!PrintableText.IsAscii(value) || (i < 0 && !IsHarmless(name, value)))
                {
                    throw Refuse("changed-header");
                }

                found |= i < 0 ? 0 : 1UL << i;
            }
        }
    }

    private static int IndexOf(string name, string value, List<KeyValuePair<string, string>> expected, ulong found)
    {
        for (int i = 0; i < expected.Count; i++)
        {
            if ((found & (1UL << i)) == 0 && expected[i].Value == value && expected[i].Key.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return i;
            }
        }

        return -1;
    }

    private static bool IsHarmless(string name, string value) =>
        name.Equals(ProtocolHeaders.Accept, StringComparison.OrdinalIgnoreCase) ? IsAccept(value)
        : name.Equals(ProtocolHeaders.ContentLength, StringComparison.OrdinalIgnoreCase) &&
            long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _);

    private static PrivatemodeWouldLeakException Refuse(string what) =>
        new(what, "A policy or handler changed the request after it was encrypted, so it was not sent. Remove policies that change requests.");
}
