using System.Diagnostics;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Requests;

namespace Privatemode.AI.Pipeline.Transport;

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

    /// <summary>The id of the call, if the request is a call's: only its answer is checked here.</summary>
    public static readonly HttpRequestOptionsKey<string> CallId = new("Privatemode.CallId");

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Activity? ambient = Activity.Current;
        Activity.Current = null;
        try
        {
            Uri asked = Prepare(request);
            using CancellationTokenSource either = Join(request, cancellationToken);
            return Checked(base.Send(request, either.Token), request, asked);
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
        using CancellationTokenSource either = Join(request, cancellationToken);
        return Checked(await base.SendAsync(request, either.Token).ConfigureAwait(false), request, asked);
    }

    /// <summary>Refuses answers that nothing above may see.</summary>
    /// <remarks>Here and not above: the OpenAI client's transport takes the stream out of the response first, and when it is then told to refuse the
    /// response, the stream can no longer be closed and keeps its connection.</remarks>
    private static HttpResponseMessage Checked(HttpResponseMessage response, HttpRequestMessage request, Uri asked)
    {
        if (!request.Options.TryGetValue(CallId, out string? callId))
        {
            return response;
        }

        try
        {
            OutboundCheck.DemandNoRedirect(response, request, asked);
            OutboundCheck.DemandStatus(response, callId);
            return response;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    /// <summary>Notes what the guard at the other end of the chain is to let through.</summary>
    /// <returns>The address that is asked: a handler may change it.</returns>
    private Uri Prepare(HttpRequestMessage request)
    {
        SendingChain.DemandGuarded(InnerHandler!);
        if (isLoopbackOnly && !SettingsCheck.IsLoopbackAddress(request.RequestUri!))
        {
            throw new PrivatemodeConfigurationException(
                OptionNames.AnyHandlerOnLoopback,
                $"{OptionNames.AnyHandlerOnLoopback} sends to loopback addresses only. Use it together with {OptionNames.InsecureLoopbackTrust}, in tests.");
        }

        OutgoingRequest.Note(request);
        return request.RequestUri!;
    }

    private static CancellationTokenSource Join(HttpRequestMessage request, CancellationToken cancellationToken) =>
        CancellationTokenSource.CreateLinkedTokenSource(
            cancellationToken, request.Options.TryGetValue(Deadline, out CancellationToken deadline) ? deadline : CancellationToken.None);
}
