using Microsoft.AspNetCore.Http;
using Privatemode.AI.AspNetCore.Dialects;
using Privatemode.AI.AspNetCore.Errors;
using Privatemode.AI.AspNetCore.Gate;
using Privatemode.AI.AspNetCore.Status;

namespace Privatemode.AI.AspNetCore.Calls;

/// <summary>One request on its way through the proxy.</summary>
internal sealed class ProxyCall(HttpContext context, ProxyRoute route, ProxyRequestRecord record)
{
    public HttpContext Context { get; } = context;

    public ProxyRoute Route { get; } = route;

    public ProxyRequestRecord Record { get; } = record;

    public ProxyDialect Dialect => Route.Dialect;

    public ProxyCaller Caller { get; set; } = ProxyCaller.Unknown;

    /// <summary>What the edit of the request found; null until the request is edited.</summary>
    public EditResult? Edit { get; set; }

    /// <summary>The stream to the caller; null if the caller did not ask for one.</summary>
    public StreamPump? Pump { get; set; }

    /// <summary>Numbers the events of the proxy and of the library; null for APIs other than Responses, and for answers that are not streamed.</summary>
    public ResponseProgress? Progress { get; set; }

    /// <summary>The answer of the service; null until it is received.</summary>
    public HttpResponseMessage? Answer { get; set; }

    /// <summary>The request ID in answers: that of the call, which the service knows too, or that of the proxy if no call was made yet.</summary>
    public string RequestId => Record.CallId ?? Record.ProxyId;

    /// <summary>Whether the caller is Codex, which retries failures that are events of a stream, but not those that are statuses.</summary>
    public bool IsCodex => Context.Request.Headers["originator"].ToString().StartsWith("codex", StringComparison.OrdinalIgnoreCase);

    /// <summary>Canceled when the caller has disconnected.</summary>
    public CancellationToken Aborted => Context.RequestAborted;

    /// <summary>Canceled when the caller has disconnected, or when it must be told that the application is stopping.</summary>
    public CancellationToken Stopped { get; set; } = context.RequestAborted;
}
