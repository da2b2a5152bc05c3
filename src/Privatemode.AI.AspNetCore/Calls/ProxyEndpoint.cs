using System.Diagnostics;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Privatemode.AI.AspNetCore.Dialects;
using Privatemode.AI.AspNetCore.Errors;
using Privatemode.AI.AspNetCore.Gate;
using Privatemode.AI.AspNetCore.Limits;
using Privatemode.AI.AspNetCore.Models;
using Privatemode.AI.AspNetCore.Status;

namespace Privatemode.AI.AspNetCore.Calls;

/// <summary>Serves the requests of all routes.</summary>
internal sealed class ProxyEndpoint(
    IOptions<PrivatemodeProxyOptions> options, IOptionsMonitor<PrivatemodeOptions> account, PrivatemodeClient client, ProxyGate gate, RateGate rate,
    BufferBudget budget, ProxyTelemetry telemetry, ModelDirectory directory, ModelLists models, HealthEndpoints health, VerificationEndpoint verification,
    KeepAliveClock clock, ShutdownClock shutdown) : IDisposable
{
    /// <summary>The key of the item in <see cref="HttpContext.Items"/> that contains the value of the header <c>Allow</c>.</summary>
    public const string AllowItem = "Privatemode.AI.AspNetCore.Allow";

    private const string ModelHeader = "Privatemode-Model";
    private const string RequestIdHeader = "x-request-id";

    private static readonly string[] PassedHeaders =
        [PrivatemodeHttpMessageHandler.AuthenticatedHeaderName, PrivatemodeHttpMessageHandler.LeftOutToolsHeaderName];

    private static readonly string Server = $"privatemode-dotnet/{typeof(ProxyEndpoint).Assembly.GetName().Version?.ToString(3)}";

    // Not an HttpClient, which would add a timeout, buffers and log lines.
    private readonly HttpMessageInvoker _service = new(client.CreateHandler());

    public ModelLists Models => models;

    public HealthEndpoints Health => health;

    public VerificationEndpoint Verification => verification;

    public void Dispose() => _service.Dispose();

    /// <summary>Creates the handler of a route that the proxy answers itself.</summary>
    public RequestDelegate Guard(string route, ProxyDialect dialect, GateNeeds needs, Func<HttpContext, ProxyCaller, Task> answer) =>
        Guard(route, _ => dialect, _ => needs, answer);

    /// <summary>Creates the handler of a route that the proxy answers itself, with a dialect and access rules that depend on the request.</summary>
    /// <param name="name">The name of the route in logs and metrics. It contains no part of the caller's path.</param>
    /// <param name="dialect">The API in whose form errors are written.</param>
    /// <param name="needs">The access rules. Health probes are not logged, because they arrive every few seconds.</param>
    /// <param name="answer">Writes the answer.</param>
    public RequestDelegate Guard(
        string name, Func<HttpRequest, ProxyDialect> dialect, Func<HttpRequest, GateNeeds> needs, Func<HttpContext, ProxyCaller, Task> answer) =>
        async context =>
    {
        ProxyRoute route = new(name, dialect(context.Request), ProxyOperation.Document);
        ProxyCall call = Begin(context, route);
        try
        {
            Admit(call, needs(context.Request));
            if (!HttpMethods.IsHead(context.Request.Method))
            {
                await answer(context, call.Caller).ConfigureAwait(false);
            }
        }
        catch (Exception exception)
        {
            await FailAsync(call, exception).ConfigureAwait(false);
        }
        finally
        {
            if (needs(context.Request) != GateNeeds.Health)
            {
                await EndAsync(call).ConfigureAwait(false);
            }
        }
    };

    /// <summary>Serves a request that is sent to the service.</summary>
    public async Task RunAsync(HttpContext context, ProxyRoute route)
    {
        ProxyCall call = Begin(context, route);
        using CancellationTokenSource stopped = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, shutdown.Ending);
        call.Stopped = stopped.Token;
        try
        {
            Admit(call, GateNeeds.Key);
            using ProxyBody body = await ProxyBody.ReadAsync(
                context.Request, route, route.LimitOf(options.Value), budget, call.Caller, clock.Time, call.Stopped).ConfigureAwait(false);
            call.Record.RequestBytes = body.Length;
            await EditAsync(call, body).ConfigureAwait(false);
            await SendAsync(call, body).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            await FailAsync(call, exception).ConfigureAwait(false);
        }
        finally
        {
            await EndAsync(call).ConfigureAwait(false);
        }
    }

    private ProxyCall Begin(HttpContext context, ProxyRoute route)
    {
        ProxyCall call = new(context, route, ProxyRequestRecord.Begin(route.Path, route.Dialect, clock.Time));
        SetHead(call);
        return call;
    }

    private void Admit(ProxyCall call, GateNeeds needs)
    {
        ProxyError? refusal = gate.Check(call.Context, needs, out ProxyCaller caller);
        call.Caller = caller;
        call.Record.CallerIndex = caller.Index;
        if (refusal is not null)
        {
            throw new ProxyRefusalException(refusal);
        }
    }

    private async ValueTask EditAsync(ProxyCall call, ProxyBody body)
    {
        ModelAliases aliases = directory.Current(call.Caller);
        if (!aliases.HasList && RequestModel.Peek(body.Memory, body.Boundary) is { } asked && aliases.NeedsList(asked))
        {
            aliases = await directory.LoadAsync(call.Caller, call.Stopped).ConfigureAwait(false);
        }

        EditContext context = new()
        {
            Options = options.Value,
            LeavesOutHostedTools = account.CurrentValue.Responses.HostedTools == HostedToolPolicy.LeaveOut,
            Models = aliases,
            Caller = call.Caller,
            Headers = call.Context.Request.Headers,
        };
        EditResult edit = call.Route.Operation switch
        {
            ProxyOperation.Chat => ChatEdit.Edit(body.Memory, context, body.Edited),
            ProxyOperation.Responses => ResponsesEdit.Edit(body.Memory, context, body.Edited),
            ProxyOperation.Messages => MessagesRewriter.Edit(body.Memory, context, body.Edited),
            ProxyOperation.CountTokens => MessagesRewriter.Count(body.Memory, context, body.Edited),
            ProxyOperation.Transcription => FormEdit.Edit(body.Memory, body.Boundary!, context, body.Edited),
            ProxyOperation.Document => new EditResult { IsChanged = false },
            _ => throw new UnreachableException(),
        };
        await body.SettleAsync(edit.IsChanged, call.Stopped).ConfigureAwait(false);
        Record(call, edit, aliases);
    }

    private void Record(ProxyCall call, EditResult edit, ModelAliases aliases)
    {
        call.Edit = edit;
        call.Record.RequestedModel = edit.RequestedModel is { } name ? aliases.WordFor(name) : null;
        call.Record.Model = edit.Model;
        call.Record.IsModelKnown = edit.Model is { } model && aliases.IsKnown(model);
        call.Record.IsStream = edit.IsStream;
        call.Record.LeftOut = edit.LeftOut;
        if (edit.FoldedLate > 0)
        {
            telemetry.FoldedLate();
        }

        if (edit.UnknownMembers > 0)
        {
            telemetry.UnknownMembers(edit.UnknownMembers);
        }
    }

    private async Task SendAsync(ProxyCall call, ProxyBody body)
    {
        EditResult edit = call.Edit!;
        if (call.Route.Operation == ProxyOperation.CountTokens)
        {
            string count = $"{{\"input_tokens\":{edit.EstimatedInputTokens}}}";
            call.Context.Response.ContentType = "application/json";
            call.Context.Response.ContentLength = count.Length;
            await call.Context.Response.WriteAsync(count, call.Aborted).ConfigureAwait(false);
            return;
        }

        if (edit.IsStream)
        {
            call.Progress = call.Dialect == ProxyDialect.Responses ? new ResponseProgress(edit.Model ?? "", clock.Time) : null;
            call.Pump = NewPump(call);
        }

        using RatePermit permit = await rate.EnterAsync(call.Caller, edit.EstimatedInputTokens, call.Stopped).ConfigureAwait(false);
        call.Record.Waited = permit.Waited;
        using HttpRequestMessage request = NewRequest(call, body.ToContent());
        using HttpResponseMessage answer = await _service.SendAsync(request, call.Stopped).ConfigureAwait(false);

        // The library has encrypted a copy; a stream may go on for long.
        body.Dispose();
        await AnswerAsync(call, answer, permit).ConfigureAwait(false);
    }

    /// <summary>Creates the request to the service. It contains nothing of the caller's URL or headers.</summary>
    private static HttpRequestMessage NewRequest(ProxyCall call, HttpContent content)
    {
        HttpRequestMessage request = new(HttpMethod.Post, call.Route.Uri) { Content = content };
        request.Options.Set(PrivatemodeRequestOptions.PromptCacheKey, call.Edit!.CacheKey);
        request.Options.Set(PrivatemodeRequestOptions.Caller, call.Caller.KeyDigest is { Length: > 0 } digest ? digest : null);
        request.Options.Set(PrivatemodeRequestOptions.Progress, call.Progress);
        return request;
    }

    private async Task AnswerAsync(ProxyCall call, HttpResponseMessage answer, RatePermit permit)
    {
        call.Record.CallId = answer.Headers.TryGetValues(RequestIdHeader, out IEnumerable<string>? ids) ? ids.FirstOrDefault() : null;
        if ((int)answer.StatusCode >= StatusCodes.Status400BadRequest)
        {
            throw new ProxyRefusalException(
                await ErrorBody.FromAnswerAsync(answer, options.Value.UseCallerKeyAsApiKey, call.Stopped).ConfigureAwait(false));
        }

        if (!directory.Current(call.Caller).HasList)
        {
            call.Record.IsModelKnown = true; // without a list: the service knows it
        }

        using UsageScan usage = new();
        call.Answer = answer;
        if (answer.Content.Headers.ContentType?.MediaType == "text/event-stream")
        {
            call.Pump ??= NewPump(call);
            Stream source = await answer.Content.ReadAsStreamAsync(call.Stopped).ConfigureAwait(false);
            await call.Pump.CopyAsync(source, usage).ConfigureAwait(false);
        }
        else
        {
            SetHead(call);
            call.Record.FirstByte = clock.Time.GetTimestamp();
            await WholeAnswer.CopyAsync(answer, call, usage).ConfigureAwait(false);
        }

        if (usage.Usage is { } used)
        {
            call.Record.Usage = used;
            permit.Charge(used);
        }
    }

    private StreamPump NewPump(ProxyCall call)
    {
        telemetry.StreamBegan(call.Dialect);
        return new StreamPump(call, clock, SetHead, () => telemetry.KeptAlive(call.Dialect));
    }

    /// <summary>Sets the headers that all answers have. For a stream, call it only while holding the stream's flag, because the clock may be writing.</summary>
    private static void SetHead(ProxyCall call)
    {
        IHeaderDictionary headers = call.Context.Response.Headers;
        headers[RequestIdHeader] = call.RequestId;
        if (call.Dialect == ProxyDialect.Anthropic)
        {
            headers["request-id"] = call.RequestId;
        }

        headers.Server = Server;
        headers.CacheControl = "no-store";
        headers.XContentTypeOptions = "nosniff";
        if (call.Edit is { } edit && edit.Model != edit.RequestedModel)
        {
            headers[ModelHeader] = edit.Model;
        }

        if (call.Edit?.LeftOut is { Count: > 0 } leftOut)
        {
            headers[PrivatemodeHttpMessageHandler.LeftOutToolsHeaderName] = string.Join(", ", leftOut);
        }

        foreach (string name in PassedHeaders)
        {
            if (call.Answer?.Headers.TryGetValues(name, out IEnumerable<string>? values) == true)
            {
                headers[name] = values.FirstOrDefault();
            }
        }
    }

    private async Task FailAsync(ProxyCall call, Exception exception)
    {
        // A body that is being read can end before the token is cancelled.
        if (call.Aborted.IsCancellationRequested || exception is ConnectionResetException or ConnectionAbortedException ||
            (exception as OperationCanceledException)?.CancellationToken == call.Aborted)
        {
            (call.Record.Outcome, call.Record.Status) = ("disconnected", StatusCodes.Status499ClientClosedRequest);
            call.Context.Abort();
            return;
        }

        if (call.Stopped.IsCancellationRequested && exception is OperationCanceledException)
        {
            exception = new ProxyRefusalException(ProxyError.Stopping());
        }

        ProxyError error = ProxyError.From(exception, options.Value.UseCallerKeyAsApiKey);
        call.Record.Status = ErrorBody.StatusOf(error, call.Dialect);
        call.Record.Outcome = exception is ProxyRefusalException && call.Record.CallId is null ? "refused" : "error";
        call.Record.ErrorType = (exception as PrivatemodeException)?.ErrorType ?? error.LoggedCode;
        if (exception is PrivatemodeException known && !IsKeyOfCaller(known))
        {
            telemetry.Failed(known);
        }
        else if (exception is not (PrivatemodeException or ProxyRefusalException or HttpRequestException or BadHttpRequestException))
        {
            telemetry.Unexpected(exception);
        }

        try
        {
            await TellAsync(call, error, exception).ConfigureAwait(false);
        }
        catch (Exception)
        {
            call.Context.Abort(); // an error can no longer be sent
        }
    }

    /// <summary>Whether the service rejected the caller's own API key. It is not logged, because callers could fill the log.</summary>
    private bool IsKeyOfCaller(PrivatemodeException exception) => options.Value.UseCallerKeyAsApiKey &&
        exception is PrivatemodeConfigurationException configuration && ProxyError.IsOfApiKey(configuration);

    private static async Task TellAsync(ProxyCall call, ProxyError error, Exception exception)
    {
        if (call.Pump is { } pump)
        {
            Exception cause = exception is PrivatemodeException ? exception : ToException(error);
            if (await pump.TryFailAsync(error, cause, IsEventForCodex(call, error, exception)).ConfigureAwait(false))
            {
                return;
            }
        }

        if (call.Context.Response.HasStarted)
        {
            call.Context.Abort();
            return;
        }

        call.Context.Response.OnStarting(static state =>
        {
            HttpContext context = (HttpContext)state;
            context.Response.Headers.Server = Server;
            if (context.Items[AllowItem] is string allow)
            {
                context.Response.Headers.Allow = allow;
            }

            return Task.CompletedTask;
        }, call.Context);
        await ErrorBody.WriteAsync(call.Context, error, call.Dialect, call.RequestId).ConfigureAwait(false);
    }

    /// <summary>Whether Codex gets an error as an event, after which it retries or shortens its history. After an error status, it does neither.</summary>
    private static bool IsEventForCodex(ProxyCall call, ProxyError error, Exception exception) =>
        call.Progress is not null && call.IsCodex && exception is not (PrivatemodeVerificationException or PrivatemodeIntegrityException) &&
        (error.Status is 429 or 502 or 503 or 504 || error.Code == ProxyError.ContextLengthExceeded);

    /// <summary>Returns an exception for an error that was an answer of the service, or that comes from this proxy.</summary>
    private static PrivatemodeServiceException ToException(ProxyError error) => new(
        error.Status switch
        {
            StatusCodes.Status429TooManyRequests => ServiceFailureReason.RateLimited,
            StatusCodes.Status503ServiceUnavailable => ServiceFailureReason.Unavailable,
            StatusCodes.Status504GatewayTimeout => ServiceFailureReason.Timeout,
            >= 400 and < 500 => ServiceFailureReason.InvalidRequest,
            _ => ServiceFailureReason.Other,
        },
        error.Message)
    {
        // The message of a rate limit names the time already.
        RetryAfter = error.Status == StatusCodes.Status429TooManyRequests ? null : error.RetryAfter,
        ErrorCode = error.Code,
    };

    private async Task EndAsync(ProxyCall call)
    {
        if (call.Pump is { } pump)
        {
            await pump.DisposeAsync().ConfigureAwait(false);
            telemetry.StreamEnded(call.Dialect);
        }

        if (call.Record.Status == 0)
        {
            call.Record.Status = call.Context.Response.StatusCode;
        }

        // Errors and what the proxy answers by itself are written at once, with their length.
        if (call.Record is { AnswerBytes: 0, Outcome: not "disconnected" })
        {
            call.Record.AnswerBytes = call.Context.Response.ContentLength ?? 0;
        }

        telemetry.Ended(call.Record);
    }
}
