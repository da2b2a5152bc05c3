using System.Diagnostics;

namespace Privatemode.AI.Pipeline;

/// <summary>
/// Sends outside of the ambient activity, whose baggage and trace state would otherwise travel in the clear, and within the deadline
/// of the attempt.
/// </summary>
/// <param name="inner">What sends: handlers that end in <see cref="OutboundGuard"/> and the one below it.</param>
/// <param name="isLoopbackOnly">Refuses every address that is not on this machine.</param>
internal sealed class IsolatingHandler(HttpMessageHandler inner, bool isLoopbackOnly) : DelegatingHandler(inner)
{
    /// <summary>The deadline of the attempt, by the injected clock; the transport has only the system's.</summary>
    public static readonly HttpRequestOptionsKey<CancellationToken> Deadline = new("Privatemode.Deadline");

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Activity? ambient = Activity.Current;
        Activity.Current = null;
        try
        {
            Prepare(request);
            using CancellationTokenSource either = Join(request, cancellationToken);
            return base.Send(request, either.Token);
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
        Prepare(request);
        using CancellationTokenSource either = Join(request, cancellationToken);
        return await base.SendAsync(request, either.Token).ConfigureAwait(false);
    }

    /// <summary>Notes what the guard at the other end of the chain is to let through.</summary>
    private void Prepare(HttpRequestMessage request)
    {
        SendingChain.DemandGuarded(InnerHandler!);
        if (isLoopbackOnly && !SettingsCheck.IsLoopbackAddress(request.RequestUri!))
        {
            throw new PrivatemodeConfigurationException(
                nameof(PrivatemodeOptions.InsecureAcceptAnyHandlerOnLoopback),
                "InsecureAcceptAnyHandlerOnLoopback sends to loopback addresses only. Use it together with InsecureLoopbackTrust, in tests.");
        }

        OutgoingRequest.Note(request);
    }

    private static CancellationTokenSource Join(HttpRequestMessage request, CancellationToken cancellationToken) =>
        CancellationTokenSource.CreateLinkedTokenSource(
            cancellationToken, request.Options.TryGetValue(Deadline, out CancellationToken deadline) ? deadline : CancellationToken.None);
}
