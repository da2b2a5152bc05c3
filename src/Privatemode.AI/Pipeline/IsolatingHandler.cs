using System.Diagnostics;

namespace Privatemode.AI.Pipeline;

/// <summary>Sends outside of the ambient activity, whose baggage and trace state would otherwise travel in the clear.</summary>
internal sealed class IsolatingHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Activity? ambient = Activity.Current;
        Activity.Current = null;
        try
        {
            return base.Send(request, cancellationToken);
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
        return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
    }
}
