using System.Diagnostics;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Pipeline.Transport;

/// <summary>
/// Sends outside of the ambient activity, whose baggage and trace state would otherwise be sent in the clear, and within the deadline
/// of the attempt. Takes the snapshot of the request with which <see cref="OutboundGuardHandler"/> compares it.
/// </summary>
/// <param name="inner">The handlers of the application, if there are any, then <see cref="OutboundGuardHandler"/>, then the handler that sends.</param>
/// <param name="isLoopbackOnly">Refuses every address that is not on this machine.</param>
internal sealed class IsolatingHandler(HttpMessageHandler inner, bool isLoopbackOnly) : DelegatingHandler(inner)
{
    /// <summary>The deadline of the attempt, by the injected clock; the transport has only the system's.</summary>
    public static readonly HttpRequestOptionsKey<CallDeadline> Deadline = new("Privatemode.Deadline");

    /// <summary>The ID of the call, if the request belongs to one.</summary>
    public static readonly HttpRequestOptionsKey<string> CallId = new("Privatemode.CallId");

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Activity? ambient = Activity.Current;
        Activity.Current = null;
        try
        {
            Uri asked = Prepare(request);
            using CancellationTokenRegistration joined = Join(request, cancellationToken, out CancellationToken either);
            return Checked(base.Send(request, either), request, asked);
        }
        finally
        {
            Activity.Current = ambient;
        }
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        // Setting it inside an async method does not change it for the caller.
        Activity.Current = null;
        Uri asked = Prepare(request);
        using CancellationTokenRegistration joined = Join(request, cancellationToken, out CancellationToken either);
        return Checked(await base.SendAsync(request, either).ConfigureAwait(false), request, asked);
    }

    /// <summary>Refuses answers that must not be passed on.</summary>
    /// <remarks>A later check would be too late: the OpenAI client's transport takes the stream out of the response. If the response were refused after that,
    /// the stream could no longer be closed and would keep its connection.</remarks>
    private static HttpResponseMessage Checked(HttpResponseMessage response, HttpRequestMessage request, Uri asked)
    {
        try
        {
            ThrowIfAnotherAddressAnswered(response, request, asked);
            if (request.Options.TryGetValue(CallId, out string? callId))
            {
                ThrowIfNoSuchStatus(response, callId);
            }

            return response;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    /// <summary>Redirects must not be followed, not even by a message handler of the application.</summary>
    private static void ThrowIfAnotherAddressAnswered(HttpResponseMessage response, HttpRequestMessage sent, Uri asked)
    {
        // The platform's handlers write the new address into the request; others may return another request object.
        if (sent.RequestUri != asked || (response.RequestMessage?.RequestUri is { } answered && answered != asked))
        {
            throw new PrivatemodeConfigurationException(
                OptionNames.HttpMessageHandler,
                "The message handler followed a redirect or changed an address. Use one that does not (AllowAutoRedirect = false).");
        }
    }

    /// <summary>Throws on a status beyond 599, which HTTP does not have and on which the OpenAI client fails.</summary>
    private static void ThrowIfNoSuchStatus(HttpResponseMessage response, string callId)
    {
        if ((int)response.StatusCode > 599)
        {
            throw new PrivatemodeServiceException(
                ServiceFailureReason.Other,
                $"The answer has status {(int)response.StatusCode}, which is not an HTTP status. Check Endpoint, and any proxies in between.")
            {
                Status = (int)response.StatusCode,
                RequestId = callId,
            };
        }
    }

    /// <summary>Records what the guard at the other end of the chain may send.</summary>
    /// <returns>The address of the request, which a handler might change.</returns>
    private Uri Prepare(HttpRequestMessage request)
    {
        HandlerChainCheck.ThrowIfNotGuarded(InnerHandler!);
        if (isLoopbackOnly && !Loopback.IsAddress(request.RequestUri!))
        {
            throw new PrivatemodeConfigurationException(
                OptionNames.AnyHandlerOnLoopback,
                $"{OptionNames.AnyHandlerOnLoopback} sends to loopback addresses only. Use it together with {OptionNames.InsecureLoopbackTrust}, in tests.");
        }

        RequestSnapshot.Attach(request);
        return request.RequestUri!;
    }

    private static CancellationTokenRegistration Join(HttpRequestMessage request, CancellationToken cancellationToken, out CancellationToken either)
    {
        if (request.Options.TryGetValue(Deadline, out CallDeadline? deadline))
        {
            return deadline.LinkTo(cancellationToken, out either);
        }

        either = cancellationToken;
        return default;
    }
}

/// <summary>The chain of message handlers between a request and the socket: which are accepted, and the guard directly above the one that sends.</summary>
internal static class HandlerChainCheck
{
    /// <summary>A handler and all below it, down to the one that sends.</summary>
    public static IEnumerable<HttpMessageHandler> From(HttpMessageHandler? handler)
    {
        for (; handler is not null; handler = (handler as DelegatingHandler)?.InnerHandler)
        {
            yield return handler;
        }
    }

    /// <summary>Checks a handler of the application as far as possible without changing it.</summary>
    /// <param name="handler">The handler, with those below it.</param>
    /// <param name="isLoopbackOnly">Whether a handler of any kind may send, because nothing leaves this machine.</param>
    /// <exception cref="PrivatemodeConfigurationException">The handler cannot be guarded, or its settings would send more than was encrypted.</exception>
    public static void ThrowIfUnsafe(HttpMessageHandler handler, bool isLoopbackOnly) => ThrowIfSenderUnsafe(From(handler).Last(), isLoopbackOnly);

    /// <summary>Checks the handler that sends.</summary>
    /// <inheritdoc cref="ThrowIfUnsafe"/>
    public static void ThrowIfSenderUnsafe(HttpMessageHandler? sender, bool isLoopbackOnly)
    {
        switch (sender)
        {
            case LoopbackRoutingHandler:
                break;
            case SocketsHttpHandler sockets:
                ThrowIfSettingsUnsafe(sockets, isLoopbackOnly);
                break;
            case not (null or DelegatingHandler or HttpClientHandler) when isLoopbackOnly:
                break;
            default:
                throw Refuse(
                    "The message handler must be a SocketsHttpHandler, or DelegatingHandlers over one. Others, HttpClientHandler too, can add headers to " +
                    "requests that this library has checked.");
        }
    }

    /// <summary>Turns off propagation of trace context and puts the guard directly above the handler that sends.</summary>
    /// <returns>The handler to send with.</returns>
    /// <inheritdoc cref="ThrowIfUnsafe"/>
    public static HttpMessageHandler Guard(HttpMessageHandler handler, bool isLoopbackOnly)
    {
        ThrowIfUnsafe(handler, isLoopbackOnly);
        HttpMessageHandler[] chain = [.. From(handler)];
        HttpMessageHandler sender = chain[^1];
        DelegatingHandler? above = chain.Length > 1 ? (DelegatingHandler)chain[^2] : null;
        try
        {
            if (sender is SocketsHttpHandler { ActivityHeadersPropagator: not null } sockets)
            {
                sockets.ActivityHeadersPropagator = null;
            }

            if (above is null)
            {
                return new OutboundGuardHandler(sender, isLoopbackOnly);
            }

            if (above is not OutboundGuardHandler)
            {
                above.InnerHandler = new OutboundGuardHandler(sender, isLoopbackOnly);
            }

            return handler;
        }
        catch (InvalidOperationException)
        {
            throw Refuse(
                "The message handler was used before, or is disposed, and cannot be changed any more. Use a new one, or set ActivityHeadersPropagator of the " +
                "SocketsHttpHandler to null before it is used for the first time.");
        }
    }

    /// <exception cref="PrivatemodeConfigurationException">There is no guard directly above the handler that sends.</exception>
    public static void ThrowIfNotGuarded(HttpMessageHandler handler)
    {
        if (!IsGuarded(handler))
        {
            throw Refuse("The chain of message handlers was changed after the client was created. Do not change the handlers that a client uses.");
        }
    }

    /// <summary>Whether the guard is directly above the handler that sends.</summary>
    public static bool IsGuarded(HttpMessageHandler handler)
    {
        HttpMessageHandler? above = null;
        while (handler is DelegatingHandler { InnerHandler: { } inner })
        {
            above = handler;
            handler = inner;
        }

        return above is OutboundGuardHandler;
    }

    private static void ThrowIfSettingsUnsafe(SocketsHttpHandler sockets, bool isLoopbackOnly)
    {
        if (sockets.AllowAutoRedirect || sockets.UseCookies)
        {
            throw Refuse("The message handler must not follow redirects or keep cookies: set AllowAutoRedirect and UseCookies to false.");
        }

        // Both add a header that was not checked; credentials also send the request a second time.
        if (sockets.AutomaticDecompression != System.Net.DecompressionMethods.None || sockets.Credentials is not null)
        {
            throw Refuse(
                "The message handler must not add headers: do not set AutomaticDecompression or Credentials. Set a proxy's credentials on the proxy.");
        }

        if (isLoopbackOnly && sockets.UseProxy)
        {
            throw Refuse(
                $"With {OptionNames.AnyHandlerOnLoopback} the message handler must not use a proxy: set UseProxy to false.");
        }
    }

    private static PrivatemodeConfigurationException Refuse(string message) => new(OptionNames.HttpMessageHandler, message);
}
