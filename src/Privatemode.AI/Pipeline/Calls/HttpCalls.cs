using Privatemode.AI.Diagnostics;

namespace Privatemode.AI.Pipeline.Calls;

/// <summary>Runs HTTP requests of other libraries as sealed calls.</summary>
internal sealed class HttpCalls(CallRunner runner, HttpClient http, Uri service, ClientEvents events)
{
    /// <summary>Runs one; the answer is opened, or opens as it is read.</summary>
    public async ValueTask<HttpResponseMessage> SendAsync(HttpRequestMessage request, bool async, CancellationToken cancellationToken)
    {
        // The same request may be sent again, and this time fail; what is said of an earlier answer must not stay.
        request.Options.Set(ReceiptExtensions.Option, null);
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            HttpCarrier carrier = new(request, http, service, cancellationToken);
            ForeignHeaders.Check(request, service);
            using CallState state = new();
            await runner.RunAsync(carrier, state, async).ConfigureAwait(false);
            return carrier.Response!;
        }
        catch (PrivatemodeWouldLeakException exception)
        {
            events.CallRefused(exception);
            throw;
        }
    }
}
