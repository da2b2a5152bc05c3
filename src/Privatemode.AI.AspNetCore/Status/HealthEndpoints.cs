using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using Privatemode.AI.AspNetCore.Errors;
using Privatemode.AI.AspNetCore.Gate;

namespace Privatemode.AI.AspNetCore.Status;

/// <summary>The states of the deployment in <c>/readyz</c> and <c>/verification</c>.</summary>
internal static class DeploymentState
{
    public const string Verified = "verified";
    public const string Verifying = "verifying";
    public const string Refused = "refused";
    public const string Unreachable = "unreachable";
    public const string KeyRejected = "key-rejected";

    /// <summary>Returns the state after a failure, or the state before the first verification if the failure is null.</summary>
    public static string Of(Exception? failure) => failure switch
    {
        null or OperationCanceledException => Verifying,
        PrivatemodeVerificationException or PrivatemodeIntegrityException => Refused,
        PrivatemodeConfigurationException configuration when ProxyError.IsOfApiKey(configuration) => KeyRejected,
        _ => Unreachable,
    };
}

/// <summary>Answers the probes of load balancers and orchestrators.</summary>
internal sealed class HealthEndpoints(
    IServiceProvider provider, IOptionsMonitor<PrivatemodeOptions> account, TimeProvider time)
{
    /// <summary>The time for which a result is reused. A probe of an unverified deployment makes the library verify again, and probes need no key, so their
    /// rate is limited here.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(1);

    private readonly HealthCheckRegistration _check = CaptureCheck();
    private readonly Lock _gate = new();
    private Task<HealthCheckResult>? _result;
    private long _endedAt;

    /// <summary>Answers the liveness probe: the process is running.</summary>
#pragma warning disable CA1822 // A route of this object, as the other one.
    public Task HealthAsync(HttpContext context, ProxyCaller caller)
    {
        context.Response.ContentType = "text/plain";
        return context.Response.WriteAsync("ok", context.RequestAborted);
    }
#pragma warning restore CA1822

    /// <summary>Answers the readiness probe: calls can be served if the deployment is verified, or will be verified with the key of the first caller.</summary>
    public async Task ReadyAsync(HttpContext context, ProxyCaller caller)
    {
        HealthCheckResult result = await CheckAsync().WaitAsync(context.RequestAborted).ConfigureAwait(false);
        bool isReady = result.Status != HealthStatus.Unhealthy;
        string state = isReady && result.Data.Count > 0 ? DeploymentState.Verified : DeploymentState.Of(result.Exception);
        context.Response.StatusCode = isReady ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "application/json";
        bool isDemo = account.CurrentValue.Verification.InsecureLoopbackTrust is not null;
        await context.Response.WriteAsync(
            $$"""{"ready":{{(isReady ? "true" : "false")}},"state":"{{state}}","demo":{{(isDemo ? "true" : "false")}}}""", context.RequestAborted)
            .ConfigureAwait(false);
    }

    private Task<HealthCheckResult> CheckAsync()
    {
        lock (_gate)
        {
            if (_result is null || (_result.IsCompleted && time.GetElapsedTime(_endedAt) >= Kept))
            {
                _result = RunAsync();
            }

            return _result;
        }
    }

    private async Task<HealthCheckResult> RunAsync()
    {
        try
        {
            // The check waits for 3 seconds at most, and verification then goes on in the background.
            return await _check.Factory(provider).CheckHealthAsync(new HealthCheckContext { Registration = _check }, CancellationToken.None)
                .ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // Without its text: probes are often public.
            return HealthCheckResult.Unhealthy(exception: exception);
        }
        finally
        {
            lock (_gate)
            {
                _endedAt = time.GetTimestamp();
            }
        }
    }

    /// <summary>Returns the health check of the account without adding it to the health checks of the application.</summary>
    private static HealthCheckRegistration CaptureCheck()
    {
        CapturingBuilder builder = new();
        _ = builder.AddPrivatemodeHealthCheck();
        return builder.Registration!;
    }

    private sealed class CapturingBuilder : IHealthChecksBuilder
    {
        public HealthCheckRegistration? Registration { get; private set; }

        public IServiceCollection Services { get; } = new ServiceCollection();

        public IHealthChecksBuilder Add(HealthCheckRegistration registration)
        {
            Registration = registration;
            return this;
        }
    }
}
