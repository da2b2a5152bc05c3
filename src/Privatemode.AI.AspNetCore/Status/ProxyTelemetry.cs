using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Privatemode.AI.AspNetCore.Errors;
using Privatemode.AI.AspNetCore.Limits;

namespace Privatemode.AI.AspNetCore.Status;

/// <summary>The data about a request that are logged and measured when it has ended. They contain no content.</summary>
internal sealed class ProxyRequestRecord
{
    public required string Route { get; init; }

    public required ProxyDialect Dialect { get; init; }

    /// <summary>The ID that the proxy gave the request, <c>proxy_…</c>.</summary>
    public required string ProxyId { get; init; }

    /// <summary>The ID that the client gave the call, <c>sdk_…</c>; null if none was sent.</summary>
    public string? CallId { get; set; }

    public int CallerIndex { get; set; } = -1;

    /// <summary>The model name that the caller requested, or the pattern of an alias that it matches; null if the name is not known.</summary>
    public string? RequestedModel { get; set; }

    /// <summary>The model ID that was sent to the service.</summary>
    public string? Model { get; set; }

    /// <summary>Whether the service lists the model or the configuration names it. Otherwise, its name can be any text of the caller.</summary>
    public bool IsModelKnown { get; set; }

    public bool IsStream { get; set; }

    public long RequestBytes { get; set; }

    public long AnswerBytes { get; set; }

    public TokenUsage? Usage { get; set; }

    public TimeSpan Waited { get; set; }

    /// <summary>The timestamp of the clock at which the request arrived.</summary>
    public required long Began { get; init; }

    public long FirstByte { get; set; }

    public int Status { get; set; }

    /// <summary><c>ok</c>, <c>error</c>, <c>refused</c> or <c>disconnected</c>.</summary>
    public string Outcome { get; set; } = "ok";

    /// <summary>The type of the error, one of a fixed list of words: a code or <see cref="PrivatemodeException.ErrorType"/>; null without an error.</summary>
    public string? ErrorType { get; set; }

    /// <summary>The types of the tools that were left out, from a fixed list of words.</summary>
    public IReadOnlyList<string> LeftOut { get; set; } = [];

    /// <summary>Begins a record with a new ID.</summary>
    public static ProxyRequestRecord Begin(string route, ProxyDialect dialect, TimeProvider time) => new()
    {
        Route = route,
        Dialect = dialect,
        ProxyId = $"proxy_{Guid.CreateVersion7(time.GetUtcNow()):D}",
        Began = time.GetTimestamp(),
    };
}

/// <summary>Writes the metrics and log events of the proxy. They contain no content, no keys, no names that callers choose, and no text of the
/// service.</summary>
internal sealed partial class ProxyTelemetry : IDisposable
{
    private const int MaxModels = 64;
    private static readonly TimeSpan QuietTime = TimeSpan.FromMinutes(1);

    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly Meter _meter;
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _firstByte;
    private readonly Histogram<double> _queue;
    private readonly UpDownCounter<long> _activeStreams;
    private readonly UpDownCounter<long> _buffered;
    private readonly Counter<long> _tokens;
    private readonly Counter<long> _keepAlives;
    private readonly Counter<long> _rejected;
    private readonly Counter<long> _leftOut;
    private readonly Counter<long> _foldedLate;
    private readonly Counter<long> _unknownMembers;
    private readonly HashSet<string> _models = new(StringComparer.Ordinal);
    private readonly HashSet<string> _announced = new(StringComparer.Ordinal);
    private readonly Lock _names = new();
    private long _remoteLoggedAt;

    public ProxyTelemetry(IMeterFactory meters, ILoggerFactory loggers, TimeProvider time)
    {
        _time = time;
        _log = loggers.CreateLogger(PrivatemodeProxyMetrics.MeterName);
        _meter = meters.Create(PrivatemodeProxyMetrics.MeterName);
        _duration = _meter.CreateHistogram<double>("privatemode.proxy.request.duration", "s", "Time from the request to the end of its answer.");
        _firstByte = _meter.CreateHistogram<double>("privatemode.proxy.first_byte.duration", "s", "Time to the first byte of an answer.");
        _queue = _meter.CreateHistogram<double>("privatemode.proxy.queue.duration", "s", "Time that requests waited for the rate limit.");
        _activeStreams = _meter.CreateUpDownCounter<long>("privatemode.proxy.active_streams", "{stream}", "Streams that are open.");
        _buffered = _meter.CreateUpDownCounter<long>("privatemode.proxy.buffered", "By", "Request bodies in memory.");
        _tokens = _meter.CreateCounter<long>("privatemode.proxy.tokens", "{token}", "Tokens, as the service counts them.");
        _keepAlives = _meter.CreateCounter<long>("privatemode.proxy.keepalives", "{event}", "Keep-alive events sent.");
        _rejected = _meter.CreateCounter<long>("privatemode.proxy.rejected", "{request}", "Requests that the proxy refused before reading them.");
        _leftOut = _meter.CreateCounter<long>("privatemode.proxy.left_out", "{tool}", "Hosted tools left out of requests.");
        _foldedLate = _meter.CreateCounter<long>(
            "privatemode.proxy.folded_late", "{message}", "System messages moved to the beginning from the middle of a conversation.");
        _unknownMembers = _meter.CreateCounter<long>("privatemode.proxy.unknown_members", "{member}", "Unknown members left out of requests.");
    }

    /// <summary>Counts a request that was refused by the gate (<c>remote</c>, <c>host</c>, <c>origin</c>, <c>upgrade</c>, <c>key</c>) or by a limit
    /// (<c>rate</c>, <c>buffer</c>).</summary>
    public void Rejected(string reason) => _rejected.Add(1, Tag("reason", reason));

    public void KeptAlive(ProxyDialect dialect) => _keepAlives.Add(1, Tag("dialect", Word(dialect)));

    public void StreamBegan(ProxyDialect dialect) => _activeStreams.Add(1, Tag("dialect", Word(dialect)));

    public void StreamEnded(ProxyDialect dialect) => _activeStreams.Add(-1, Tag("dialect", Word(dialect)));

    /// <summary>Records a change of the memory for request bodies, in bytes.</summary>
    public void Buffered(long bytes) => _buffered.Add(bytes);

    /// <summary>Records that a system message in the middle of a conversation was moved to its beginning, so that cached prompts cannot be used.</summary>
    public void FoldedLate()
    {
        _foldedLate.Add(1);
        LogFoldedLate();
    }

    /// <summary>Records that top-level members of a request were left out because they are unknown. Their names can be any text and are not logged.</summary>
    public void UnknownMembers(int count)
    {
        _unknownMembers.Add(count);
        LogUnknownMembers(count);
    }

    /// <summary>Writes the log line and the metrics of one request.</summary>
    public void Ended(ProxyRequestRecord request)
    {
        TimeSpan total = _time.GetElapsedTime(request.Began);
        string dialect = Word(request.Dialect);
        string model = request.IsModelKnown && request.Model is { } live ? Bounded(live) : request.Model is null ? "none" : "other";
        _duration.Record(total.TotalSeconds, new TagList
        {
            { "route", request.Route }, { "dialect", dialect }, { "status", request.Status }, { "outcome", request.Outcome },
        });
        TimeSpan? firstByte = request.FirstByte == 0 ? null : _time.GetElapsedTime(request.Began, request.FirstByte);
        if (firstByte is { } first)
        {
            _firstByte.Record(first.TotalSeconds, Tag("route", request.Route), Tag("dialect", dialect));
        }

        if (request.Waited > TimeSpan.Zero)
        {
            _queue.Record(request.Waited.TotalSeconds);
        }

        Count(request.Usage, model);
        foreach (string type in request.LeftOut)
        {
            LeftOut(type);
        }

        if (_log.IsEnabled(LogLevel.Information))
        {
            RequestEndedEvent.Log(_log, request, dialect, model, firstByte, total);
        }
    }

    /// <summary>Logs an exception that the proxy does not expect. Only its type is logged, because its message can contain any text.</summary>
    public void Unexpected(Exception exception) => LogUnexpected(exception.GetType().FullName ?? exception.GetType().Name);

    /// <summary>Logs a failed call that an operator should know about: a refused deployment, an altered answer, or an invalid setting.</summary>
    public void Failed(PrivatemodeException exception)
    {
        switch (exception)
        {
            case PrivatemodeVerificationException:
                LogRefusedDeployment(exception.ErrorType, exception.Message);
                break;
            case PrivatemodeIntegrityException:
                LogIntegrity(exception.ErrorType, exception.RequestId);
                break;
            case PrivatemodeConfigurationException configuration:
                LogConfiguration(configuration.Setting, exception.Message);
                break;
            default:
                break;
        }
    }

    /// <summary>Logs that a caller on another machine was refused, at most once a minute, because any machine on the network can cause it.</summary>
    public void RemoteCallerRefused(string missing)
    {
        long now = _time.GetTimestamp();
        long before = Interlocked.Read(ref _remoteLoggedAt);
        if ((before == 0 || _time.GetElapsedTime(before, now) >= QuietTime) && Interlocked.CompareExchange(ref _remoteLoggedAt, now, before) == before)
        {
            LogRemote(missing);
        }
    }

    /// <summary>Logs that a file of caller keys has changed and cannot be used.</summary>
    public void KeyFileUnusable(int index, string fault) => LogKeyFile(index, fault);

    /// <summary>Logs that the model of a configured alias is not offered, once for each model.</summary>
    public void AliasTargetGone(string target)
    {
        if (IsFirst($"alias {target}"))
        {
            LogAliasTargetGone(target);
        }
    }

    public void Dispose() => _meter.Dispose();

    private void Count(TokenUsage? usage, string model)
    {
        if (usage is { } tokens)
        {
            _tokens.Add(tokens.Input, Tag("direction", "input"), Tag("model", model));
            _tokens.Add(tokens.Output, Tag("direction", "output"), Tag("model", model));
            _tokens.Add(tokens.Cached, Tag("direction", "cached"), Tag("model", model));
        }
    }

    private void LeftOut(string type)
    {
        _leftOut.Add(1, Tag("type", type));
        if (IsFirst($"left out {type}"))
        {
            LogLeftOut(type);
        }
    }

    private bool IsFirst(string name)
    {
        lock (_names)
        {
            return _announced.Count < 1000 && _announced.Add(name);
        }
    }

    /// <summary>Returns the name of a model as a tag, and limits the number of names: the service adds and removes models, and each name needs
    /// memory.</summary>
    private string Bounded(string model)
    {
        lock (_names)
        {
            return _models.Contains(model) || (_models.Count < MaxModels && _models.Add(model)) ? model : "other";
        }
    }

    private static string Word(ProxyDialect dialect) => dialect switch
    {
        ProxyDialect.Anthropic => "anthropic",
        ProxyDialect.Responses => "responses",
        _ => "openai",
    };

    private static KeyValuePair<string, object?> Tag(string name, object? value) => new(name, value);

    [LoggerMessage(1002, LogLevel.Error, "A request failed with an unexpected error of type {Type}.", EventName = "UnexpectedError")]
    private partial void LogUnexpected(string type);

    [LoggerMessage(1003, LogLevel.Error, "The deployment was refused ({ErrorType}): {Message}", EventName = "DeploymentRefused")]
    private partial void LogRefusedDeployment(string errorType, string message);

    [LoggerMessage(1004, LogLevel.Error, "An answer was altered, cut short or not encrypted ({ErrorType}, {CallId}).", EventName = "IntegrityFailure")]
    private partial void LogIntegrity(string errorType, string? callId);

    [LoggerMessage(1005, LogLevel.Error, "A setting is wrong ({Setting}): {Message}", EventName = "ConfigurationError")]
    private partial void LogConfiguration(string setting, string message);

    [LoggerMessage(1006, LogLevel.Error,
        "A caller on another machine was refused: the proxy has no {Missing}. Further refusals in the next minute are not logged.", EventName = "RemoteCaller")]
    private partial void LogRemote(string missing);

    [LoggerMessage(1007, LogLevel.Error,
        "PrivatemodeProxy:CallerKeyFiles:{Index} changed and {Fault} The keys that were read before stay valid.", EventName = "KeyFileUnusable")]
    private partial void LogKeyFile(int index, string fault);

    [LoggerMessage(1008, LogLevel.Warning, "The model {Target}, which an alias of this proxy stands for, is not offered.", EventName = "AliasTargetGone")]
    private partial void LogAliasTargetGone(string target);

    [LoggerMessage(1009, LogLevel.Information,
        "Tools of the type {Type} are left out of requests, because they run at a provider. This is logged once.", EventName = "ToolsLeftOut")]
    private partial void LogLeftOut(string type);

    [LoggerMessage(1010, LogLevel.Debug, "A system message in the middle of a conversation was moved to its beginning.", EventName = "FoldedLate")]
    private partial void LogFoldedLate();

    [LoggerMessage(1011, LogLevel.Debug, "{Count} unknown members were left out of a request.", EventName = "UnknownMembers")]
    private partial void LogUnknownMembers(int count);
}
