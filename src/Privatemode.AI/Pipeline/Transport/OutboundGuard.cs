using Privatemode.AI.Internal;

namespace Privatemode.AI.Pipeline.Transport;

/// <summary>
/// Sits directly above the handler that sends and lets through only what <see cref="IsolatingHandler"/> passed on, unchanged and once: handlers in
/// between belong to the application and may add headers, send again, or be used by somebody else.
/// </summary>
/// <param name="sender">What sends.</param>
/// <param name="acceptsAny">A handler of any kind may send, because nothing leaves this machine.</param>
internal sealed class OutboundGuard(HttpMessageHandler sender, bool acceptsAny) : DelegatingHandler(sender)
{
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Demand(request);
        AnswerWatch watch = AnswerWatch.Begin();
        try
        {
            return base.Send(request, cancellationToken);
        }
        catch (OperationCanceledException exception) when (IsConnectTimeout(exception, cancellationToken))
        {
            throw ConnectTimeouts.NotConnected(exception);
        }
        catch (HttpRequestException exception) when (watch.HasNoAnswer && TransportFailure.IsEndOfConnection(exception))
        {
            throw new UnansweredException(exception);
        }
        finally
        {
            AnswerWatch.Leave();
        }
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Demand(request);

        // Setting this inside an async method does not change it for the caller.
        AnswerWatch watch = AnswerWatch.Begin();
        try
        {
            return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (IsConnectTimeout(exception, cancellationToken))
        {
            throw ConnectTimeouts.NotConnected(exception);
        }
        catch (HttpRequestException exception) when (watch.HasNoAnswer && TransportFailure.IsEndOfConnection(exception))
        {
            throw new UnansweredException(exception);
        }
    }

    private void Demand(HttpRequestMessage request)
    {
        // Settings of a handler can be changed until it sends for the first time.
        SendingChain.DemandSender(InnerHandler, acceptsAny);
        if (InnerHandler is SocketsHttpHandler { ActivityHeadersPropagator: not null })
        {
            throw new PrivatemodeConfigurationException(
                OptionNames.HttpMessageHandler, "The message handler propagates trace context. Leave its ActivityHeadersPropagator null.");
        }

        OutgoingRequest.DemandUnchanged(request);
    }

    /// <summary>Only the platform's handler is known to report nothing else in this way.</summary>
    private bool IsConnectTimeout(OperationCanceledException exception, CancellationToken asked) =>
        InnerHandler is SocketsHttpHandler && ConnectTimeouts.Is(exception, asked);
}
