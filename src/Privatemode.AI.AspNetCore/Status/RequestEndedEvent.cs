using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Privatemode.AI.AspNetCore.Status;

/// <summary>The log event of a request that has ended. It is not generated, because its message leaves out values that are absent.</summary>
internal static class RequestEndedEvent
{
    public static readonly EventId Id = new(1001, "RequestEnded");

    private const string Template =
        "{Route} ({Dialect}) {Status} {Outcome}: model {RequestedModel} -> {Model}, stream {IsStream}, {RequestBytes} bytes in, {AnswerBytes} bytes out, " +
        "{InputTokens} input and {OutputTokens} output tokens, waited {WaitedMs} ms, first byte {FirstByteMs} ms, total {TotalMs} ms, caller {CallerIndex}, " +
        "{ProxyId} {CallId}, left out {LeftOutTools}, error {ErrorType}";

    /// <summary>Logs the event. In the structured values, an absent value is null.</summary>
    /// <param name="log">The logger.</param>
    /// <param name="request">The request.</param>
    /// <param name="dialect">The API of the caller.</param>
    /// <param name="model">The model, <c>none</c> or <c>other</c>.</param>
    /// <param name="firstByte">The time to the first byte of the answer, or null.</param>
    /// <param name="total">The time to the end of the answer.</param>
    public static void Log(ILogger log, ProxyRequestRecord request, string dialect, string model, TimeSpan? firstByte, TimeSpan total)
    {
        string asked = request.RequestedModel ?? model;
        string? leftOut = request.LeftOut.Count == 0 ? null : string.Join(',', request.LeftOut);
        int? caller = request.CallerIndex < 0 ? null : request.CallerIndex;
        (long waitedMs, long? firstByteMs, long totalMs) =
            ((long)request.Waited.TotalMilliseconds, (long?)firstByte?.TotalMilliseconds, (long)total.TotalMilliseconds);
        KeyValuePair<string, object?>[] values =
        [
            new("Route", request.Route), new("Dialect", dialect), new("Status", request.Status), new("Outcome", request.Outcome), new("RequestedModel", asked),
            new("Model", model), new("IsStream", request.IsStream), new("RequestBytes", request.RequestBytes), new("AnswerBytes", request.AnswerBytes),
            new("InputTokens", request.Usage?.Input), new("OutputTokens", request.Usage?.Output), new("WaitedMs", waitedMs),
            new("FirstByteMs", firstByteMs), new("TotalMs", totalMs), new("CallerIndex", caller), new("ProxyId", request.ProxyId),
            new("CallId", request.CallId), new("LeftOutTools", leftOut), new("ErrorType", request.ErrorType), new("{OriginalFormat}", Template),
        ];

        StringBuilder message = new();
        CultureInfo culture = CultureInfo.InvariantCulture;
        _ = message.Append(culture, $"{request.Route} ({dialect}) {request.Status} {request.Outcome}: model {asked} -> {model}, stream {request.IsStream}, ")
            .Append(culture, $"{request.RequestBytes} bytes in, {request.AnswerBytes} bytes out");
        _ = request.Usage is { } usage ? message.Append(culture, $", {usage.Input} input and {usage.Output} output tokens") : message;
        _ = message.Append(culture, $", waited {waitedMs} ms");
        _ = firstByteMs is { } first ? message.Append(culture, $", first byte {first} ms") : message;
        _ = message.Append(culture, $", total {totalMs} ms");
        _ = caller is { } index ? message.Append(culture, $", caller {index}") : message;
        _ = message.Append(culture, $", {request.ProxyId}");
        _ = request.CallId is { } call ? message.Append(culture, $" {call}") : message;
        _ = leftOut is not null ? message.Append(culture, $", left out {leftOut}") : message;
        _ = request.ErrorType is { } error ? message.Append(culture, $", error {error}") : message;
        string text = message.ToString();
        log.Log(LogLevel.Information, Id, values, null, (_, _) => text);
    }
}
