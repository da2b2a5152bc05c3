using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Privatemode.AI.Testing.Evidence.Collateral;

namespace Privatemode.AI.Testing.Server;

/// <summary>Writes one answer of an evidence source to the connection, and applies the part of a fault that concerns the transport.</summary>
internal sealed class StandInSender(HttpContext context, RecordedRequest record, Fault? fault, PrivatemodeTestDeploymentOptions options)
{
    private const int BlockSize = 64 * 1024;

    public async Task SendAsync(StandInAnswer answer)
    {
        if (fault is { Kind: FaultKind.Delay })
        {
            await Task.Delay(fault.Duration, options.TimeProvider, context.RequestAborted).ConfigureAwait(false);
        }

        if (fault is { Kind: FaultKind.StallBeforeEvent, Index: < 0 })
        {
            await StallAsync().ConfigureAwait(false);
        }

        if (fault is { Kind: FaultKind.Redirect })
        {
            context.Response.Headers.Location = fault.Target!.OriginalString;
            answer = new StandInAnswer(StatusCodes.Status307TemporaryRedirect, "text/plain", ReadOnlyMemory<byte>.Empty);
        }

        Begin(answer);
        await WriteAsync(answer.Body).ConfigureAwait(false);
    }

    private void Begin(StandInAnswer answer)
    {
        record.ResponseStatusCode = answer.Status;
        HttpResponse response = context.Response;
        response.StatusCode = answer.Status;
        response.ContentType = answer.ContentType;
        if (answer.IssuerChain is { } chain)
        {
            response.Headers[chain.Name] = chain.Value;
        }

        if (fault?.RetryAfter is { } wait)
        {
            response.Headers.RetryAfter = ((int)wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        }

        // Certificates and lists would make no readable text.
        record.WireResponseText = answer.ContentType.Contains("pkix", StringComparison.Ordinal) ? "" : Encoding.UTF8.GetString(answer.Body.Span);
    }

    private async Task WriteAsync(ReadOnlyMemory<byte> body)
    {
        CancellationToken gone = context.RequestAborted;
        switch (fault?.Kind)
        {
            case FaultKind.StallBeforeEvent:
                await context.Response.Body.WriteAsync(body[..(body.Length / 2)], gone).ConfigureAwait(false);
                await context.Response.Body.FlushAsync(gone).ConfigureAwait(false);
                await StallAsync().ConfigureAwait(false);
                break;
            case FaultKind.CutConnection:
                context.Response.ContentLength = body.Length;
                await context.Response.Body.WriteAsync(body[..Math.Min(fault.Index, body.Length)], gone).ConfigureAwait(false);
                await context.Response.Body.FlushAsync(gone).ConfigureAwait(false);
                context.Abort();
                break;
            case FaultKind.ResetConnection:
                ConnectionReset.Send(context, fault.Index, body.Span, options.SentTap);
                break;
            case FaultKind.OversizedResponse:
                await context.Response.Body.WriteAsync(body, gone).ConfigureAwait(false);
                for (int left = fault.Index - body.Length; left > 0; left -= BlockSize)
                {
                    await context.Response.Body.WriteAsync(new byte[Math.Min(left, BlockSize)], gone).ConfigureAwait(false);
                }

                break;
            default:
                context.Response.ContentLength = body.Length;
                await context.Response.Body.WriteAsync(body, gone).ConfigureAwait(false);
                break;
        }
    }

    // Waits until the client goes away or the deployment is disposed.
    private async Task StallAsync()
    {
        TaskCompletionSource gone = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using CancellationTokenRegistration registration = context.RequestAborted.Register(() => gone.TrySetResult());
        options.Stalled?.Invoke();
        await gone.Task.ConfigureAwait(false);
        context.Abort();
        throw new OperationCanceledException("The connection was cut on purpose.");
    }
}
