using System.Diagnostics;

namespace Privatemode.AI.Pipeline;

/// <summary>
/// Sends outside of the ambient activity, whose baggage and trace state would otherwise travel in the clear, and within the deadline
/// of the attempt.
/// </summary>
/// <param name="inner">What sends.</param>
/// <param name="timesConnectsOnly">A timeout that <paramref name="inner"/> reports by itself can only mean that no connection was made.</param>
internal sealed class IsolatingHandler(HttpMessageHandler inner, bool timesConnectsOnly) : DelegatingHandler(inner)
{
    /// <summary>The deadline of the attempt, by the injected clock; the transport has only the system's.</summary>
    public static readonly HttpRequestOptionsKey<CancellationToken> Deadline = new("Privatemode.Deadline");

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Activity? ambient = Activity.Current;
        Activity.Current = null;
        OutgoingRequest.Note(request);
        using CancellationTokenSource either = Join(request, cancellationToken);
        try
        {
            return base.Send(request, either.Token);
        }
        catch (OperationCanceledException exception) when (IsConnectTimeout(exception, either.Token))
        {
            throw ConnectTimeouts.NotConnected(exception);
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
        OutgoingRequest.Note(request);
        using CancellationTokenSource either = Join(request, cancellationToken);
        try
        {
            return await base.SendAsync(request, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (IsConnectTimeout(exception, either.Token))
        {
            throw ConnectTimeouts.NotConnected(exception);
        }
    }

    private bool IsConnectTimeout(OperationCanceledException exception, CancellationToken asked) =>
        timesConnectsOnly && ConnectTimeouts.Is(exception, asked);

    private static CancellationTokenSource Join(HttpRequestMessage request, CancellationToken cancellationToken) =>
        CancellationTokenSource.CreateLinkedTokenSource(
            cancellationToken, request.Options.TryGetValue(Deadline, out CancellationToken deadline) ? deadline : CancellationToken.None);
}
