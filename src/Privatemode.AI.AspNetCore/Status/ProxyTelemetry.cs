using Privatemode.AI.AspNetCore.Errors;
using Privatemode.AI.AspNetCore.Limits;

namespace Privatemode.AI.AspNetCore.Status;

/// <summary>What is known about a request when it has ended. Nothing in it is content.</summary>
internal sealed class ProxyRequestRecord
{
    public required string Route { get; init; }

    public required ProxyDialect Dialect { get; init; }

    /// <summary>The ID of the proxy, <c>proxy_…</c>.</summary>
    public required string ProxyId { get; init; }

    /// <summary>The ID that the client gave the call, <c>sdk_…</c>; null if none was sent.</summary>
    public string? CallId { get; set; }

    public int CallerIndex { get; set; } = -1;

    /// <summary>As the caller wrote it. It may be logged only if it was resolved.</summary>
    public string? ModelAsked { get; set; }

    /// <summary>The model that was asked of the service.</summary>
    public string? Model { get; set; }

    public bool IsStream { get; set; }

    public long RequestBytes { get; set; }

    public long AnswerBytes { get; set; }

    public TokenUsage? Usage { get; set; }

    public TimeSpan Waited { get; set; }

    /// <summary>Timestamps of the clock; 0 for what did not happen.</summary>
    public required long Began { get; init; }

    public long FirstByte { get; set; }

    public int Status { get; set; }

    /// <summary><c>ok</c>, <c>error</c>, <c>refused</c> or <c>disconnected</c>.</summary>
    public string Outcome { get; set; } = "ok";

    /// <summary>Type of the error in a fixed word: a code or <see cref="PrivatemodeException.ErrorType"/>; null if there was none.</summary>
    public string? ErrorType { get; set; }

    /// <summary>Types of tools that were left out, fixed words.</summary>
    public IReadOnlyList<string> LeftOut { get; set; } = [];
}

/// <summary>Metrics and log events of the proxy.</summary>
#pragma warning disable CA1822 // They need the meter and the logger.
internal sealed class ProxyTelemetry
{
    public void Rejected(string reason) => _ = reason;

    public void KeptAlive(ProxyDialect dialect) => _ = dialect;

    public void StreamBegan(ProxyDialect dialect) => _ = dialect;

    public void StreamEnded(ProxyDialect dialect) => _ = dialect;

    /// <summary>The log line and the metrics of one request.</summary>
    public void Ended(ProxyRequestRecord request) => _ = request;

    /// <summary>An exception that no part of the proxy expects. Only its type is logged.</summary>
    public void Unexpected(Exception exception) => _ = exception;
}
#pragma warning restore CA1822
