using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Http;
using Privatemode.AI.Testing.Enclave;

namespace Privatemode.AI.Testing.Server;

/// <summary>Writes one answer to the connection, and applies the part of a fault that concerns the transport.</summary>
internal sealed class AnswerSender(HttpContext context, RecordedRequest record, Fault? fault, PrivatemodeTestDeploymentOptions options)
{
    private const string DoneMark = "data: [DONE]\n\n";

    private readonly StringBuilder _sent = new();
    private readonly ArrayBufferWriter<byte> _beforeReset = new();
    private int _bytes;

    /// <summary>Sends an answer that is not streamed.</summary>
    /// <exception cref="TestMistakeException">The answer is shorter than the number of bytes after which the fault cuts it. Nothing was sent.</exception>
    public async Task SendAsync(int status, string body, string contentType, bool isUnencrypted = false, TimeSpan? retryAfter = null)
    {
        FaultReach.RequireBytes(fault, Encoding.UTF8.GetByteCount(body));
        await BeginAsync(status, contentType, isUnencrypted, retryAfter).ConfigureAwait(false);
        context.Response.ContentLength = IsCut ? null : Encoding.UTF8.GetByteCount(body);
        await WriteAsync(body[..(body.Length / 2)]).ConfigureAwait(false);
        await StallAtAsync(0).ConfigureAwait(false);
        if (options.BeforePart is not null)
        {
            await options.BeforePart(context.Request.Path, 1, context.RequestAborted).ConfigureAwait(false);
        }

        await WriteAsync(body[(body.Length / 2)..]).ConfigureAwait(false);
        record.WireResponseText = _sent.ToString();
    }

    /// <summary>Sends an event stream.</summary>
    /// <param name="events">The payloads of the events.</param>
    /// <param name="nameOf">Returns the name of an event for its payload; null for a stream of events without names, which ends with <c>[DONE]</c>.</param>
    /// <exception cref="TestMistakeException">The answer is shorter than the number of bytes after which the fault cuts it. Nothing was sent.</exception>
    public async Task SendEventsAsync(IReadOnlyList<string> events, Func<string, string>? nameOf = null)
    {
        string endMark = nameOf is null ? DoneMark : MessageWriter.EndMark;
        events = [.. events.Select(document => nameOf is null ? Line(document) : $"event: {nameOf(document)}\n{Line(document)}")];
        FaultReach.RequireBytes(fault, events.Sum(Encoding.UTF8.GetByteCount) + endMark.Length);
        await BeginAsync(StatusCodes.Status200OK, "text/event-stream; charset=utf-8", isUnencrypted: false, retryAfter: null).ConfigureAwait(false);
        for (int i = 0; i < events.Count; i++)
        {
            await StallAtAsync(i).ConfigureAwait(false);
            if (options.BeforeStreamEvent is not null)
            {
                await options.BeforeStreamEvent(i, context.RequestAborted).ConfigureAwait(false);
            }

            bool isCutHere = fault is { Kind: FaultKind.TruncateEvent } && fault.Index == i;
            string line = events[i];
            await WriteAsync(isCutHere ? line[..(line.Length / 2)] : line).ConfigureAwait(false);
        }

        if (fault is not { Kind: FaultKind.RemoveEndMarker or FaultKind.TruncateEvent })
        {
            await WriteAsync(endMark).ConfigureAwait(false);
        }

        record.WireResponseText = _sent.ToString();
    }

    private static string Line(string document) => $"data: {document}\n\n";

    private async Task BeginAsync(int status, string contentType, bool isUnencrypted, TimeSpan? retryAfter)
    {
        if (fault is { Kind: FaultKind.Delay })
        {
            await Task.Delay(fault.Duration, options.TimeProvider, context.RequestAborted).ConfigureAwait(false);
        }

        await StallAtAsync(-1).ConfigureAwait(false);
        if (fault is { Kind: FaultKind.CutConnection, Index: 0 })
        {
            Abort();
        }

        if (IsCut)
        {
            // With the framing in our hands the connection can be closed, after everything before was really sent, inside a chunk.
            context.Response.Headers.TransferEncoding = "chunked";
            context.Response.Headers.Connection = "close";
        }

        record.ResponseStatusCode = status;
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        if (isUnencrypted)
        {
            context.Response.Headers["Privatemode-Encrypted"] = "false";
            context.Response.Headers["X-Content-Type-Options"] = "nosniff";
        }

        if (retryAfter is { } wait)
        {
            context.Response.Headers.RetryAfter = ((int)wait.TotalSeconds).ToString(System.Globalization.CultureInfo.InvariantCulture);
        }
    }

    private bool IsCut => fault is { Kind: FaultKind.CutConnection };

    private async Task WriteAsync(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        if (fault is { Kind: FaultKind.ResetConnection })
        {
            _beforeReset.Write(bytes);
            if (_beforeReset.WrittenCount >= fault.Index)
            {
                ConnectionReset.Send(context, fault.Index, _beforeReset.WrittenSpan, options.SentTap);
                throw new OperationCanceledException("The connection was reset on purpose.");
            }

            return;
        }

        int allowed = IsCut ? Math.Min(bytes.Length, fault!.Index - _bytes) : bytes.Length;
        if (IsCut)
        {
            await context.Response.Body.WriteAsync(Encoding.ASCII.GetBytes($"{bytes.Length:x}\r\n"), context.RequestAborted).ConfigureAwait(false);
        }

        await context.Response.Body.WriteAsync(bytes.AsMemory(0, allowed), context.RequestAborted).ConfigureAwait(false);
        if (IsCut && allowed == bytes.Length)
        {
            await context.Response.Body.WriteAsync("\r\n"u8.ToArray(), context.RequestAborted).ConfigureAwait(false);
        }

        await context.Response.Body.FlushAsync(context.RequestAborted).ConfigureAwait(false);
        _bytes += allowed;
        if (options.RecordRequests)
        {
            _ = _sent.Append(text);
        }

        if (allowed < bytes.Length)
        {
            throw new OperationCanceledException("The answer was cut on purpose.");
        }
    }

    private async Task StallAtAsync(int index)
    {
        if (fault is { Kind: FaultKind.StallBeforeEvent } && fault.Index == index)
        {
            // Waits until the client goes away or the deployment is disposed.
            TaskCompletionSource gone = new(TaskCreationOptions.RunContinuationsAsynchronously);
            using CancellationTokenRegistration registration = context.RequestAborted.Register(() => gone.TrySetResult());
            options.Stalled?.Invoke();
            await gone.Task.ConfigureAwait(false);
            Abort();
        }
    }

    private void Abort()
    {
        context.Abort();
        throw new OperationCanceledException("The connection was cut on purpose.");
    }
}
