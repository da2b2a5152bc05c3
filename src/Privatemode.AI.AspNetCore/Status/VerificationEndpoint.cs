using System.Buffers;
using System.Globalization;
using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Privatemode.AI.AspNetCore.Errors;
using Privatemode.AI.AspNetCore.Gate;

namespace Privatemode.AI.AspNetCore.Status;

/// <summary>The state of the deployment: the report of its verification, or the reason why it is not verified.</summary>
/// <param name="State">A value of <see cref="DeploymentState"/>.</param>
/// <param name="Report">The report, if the state is verified.</param>
/// <param name="Failure">The exception, if there was one.</param>
internal sealed record VerificationState(string State, VerifiedDeployment? Report, Exception? Failure);

/// <summary>Answers with the verification result of the deployment, as JSON or as a page.</summary>
internal sealed class VerificationEndpoint(
    PrivatemodeClient client, IOptionsMonitor<PrivatemodeOptions> account, IOptions<PrivatemodeProxyOptions> options, TimeProvider time)
{
    private const string Protocol = "1.40";

    // Each verification asks the service for evidence, and perhaps AMD or Intel for collateral.
    private static readonly TimeSpan ReportKept = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan FailureKept = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(10);
    private static readonly JsonWriterOptions Indented = new() { Indented = true, Encoder = JavaScriptEncoder.Default };

    private readonly DateTimeOffset _startedAt = time.GetUtcNow();
    private readonly Lock _gate = new();
    private VerificationState _last = new(DeploymentState.Verifying, null, null);
    private Task<VerificationState>? _running;
    private long _lastAt;

    /// <summary>The version of this package, as in the header <c>Server</c>.</summary>
    public static string Version { get; } = typeof(VerificationEndpoint).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";

    /// <summary>Answers with the report. The status is 200 also if the deployment was refused: that is a report too.</summary>
    public async Task AnswerAsync(HttpContext context, ProxyCaller caller)
    {
        VerificationState state = await CurrentAsync(context.RequestAborted).ConfigureAwait(false);
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        bool wantsPage = !context.Request.Path.Value!.EndsWith(".json", StringComparison.Ordinal)
            && context.Request.GetTypedHeaders().Accept.Any(type => type.MediaType == "text/html");
        if (wantsPage)
        {
            await VerificationPage.WriteAsync(context, state, time.GetUtcNow(), IsDemo).ConfigureAwait(false);
            return;
        }

        byte[] report = ToJson(state);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = report.Length;
        await context.Response.Body.WriteAsync(report, context.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>Returns the latest state, which is at most a minute old. All callers share one verification.</summary>
    internal async Task<VerificationState> CurrentAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task<VerificationState> running;
            bool isOwn;
            lock (_gate)
            {
                TimeSpan kept = _last.Report is null ? FailureKept : ReportKept;
                if (_lastAt != 0 && _running is null && time.GetElapsedTime(_lastAt) < kept)
                {
                    return _last;
                }

                // The key of the current caller is read here, if callers have keys of the service.
                isOwn = _running is null;
                running = _running ??= VerifyAsync();
            }

            try
            {
                VerificationState state = await running.WaitAsync(MaxWait, time, cancellationToken).ConfigureAwait(false);
                if (isOwn || !IsOfOneCaller(state))
                {
                    return state;
                }
            }
            catch (TimeoutException)
            {
                lock (_gate)
                {
                    return _last;
                }
            }
        }
    }

    /// <summary>Returns whether a state concerns only the API key of the caller who requested it, and not the deployment.</summary>
    private bool IsOfOneCaller(VerificationState state) => options.Value.UseCallerKeyAsApiKey && state.State == DeploymentState.KeyRejected;

    private bool IsDemo => account.CurrentValue.Verification.InsecureLoopbackTrust is not null;

    private async Task<VerificationState> VerifyAsync()
    {
        VerificationState state;
        try
        {
            VerifiedDeployment report = await client.VerifyAsync(CancellationToken.None).ConfigureAwait(false);
            state = new VerificationState(DeploymentState.Verified, report, null);
        }
        catch (Exception exception)
        {
            state = new VerificationState(DeploymentState.Of(exception), null, exception);
        }

        // The task is assigned inside the lock, by the thread that started this method.
        await Task.Yield();
        lock (_gate)
        {
            _running = null;
            if (!IsOfOneCaller(state))
            {
                (_last, _lastAt) = (state, time.GetTimestamp());
            }
        }

        return state;
    }

    private byte[] ToJson(VerificationState state)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer, Indented))
        {
            json.WriteStartObject();
            json.WriteString("state", state.State);
            json.WriteBoolean("demo", IsDemo);
            json.WriteString("now", Utc(time.GetUtcNow()));
            json.WritePropertyName("report");
            if (state.Report is { } report)
            {
                json.WriteRawValue(report.ToJson());
            }
            else
            {
                json.WriteNullValue();
            }

            json.WritePropertyName("failure");
            WriteFailure(json, state.Failure);
            json.WriteStartObject("proxy");
            json.WriteString("version", Version);
            json.WriteString("protocol", Protocol);
            json.WriteString("startedAt", Utc(_startedAt));
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteFailure(Utf8JsonWriter json, Exception? failure)
    {
        if (failure is null)
        {
            json.WriteNullValue();
            return;
        }

        PrivatemodeVerificationException? refusal = failure as PrivatemodeVerificationException;
        json.WriteStartObject();
        json.WriteString("check", CheckOf(failure));
        json.WriteString("message", MessageOf(failure));
        json.WriteString("expected", refusal?.Expected);
        json.WriteString("found", refusal?.Found);
        json.WriteEndObject();
    }

    internal static string CheckOf(Exception failure) => (failure as PrivatemodeException)?.ErrorType ?? "internal";

    /// <summary>Returns the message of an exception of this library, which contains no secrets, or a fixed text for other exceptions and for those whose
    /// messages can contain directories of this machine.</summary>
    internal static string MessageOf(Exception failure) => failure switch
    {
        PrivatemodeVerificationException refusal => ProxyError.RefusalOf(refusal),
        PrivatemodeConfigurationException configuration when !ProxyError.IsOfApiKey(configuration) => ProxyError.From(configuration).Message,
        PrivatemodeException => failure.Message,
        _ => $"An unexpected error of type {failure.GetType().Name}.",
    };

    internal static string Utc(DateTimeOffset date) => date.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
