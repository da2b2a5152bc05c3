using Microsoft.Extensions.Diagnostics.HealthChecks;
using Privatemode.AI.Sessions;

namespace Privatemode.AI.DependencyInjection;

/// <summary>Whether calls can count on a verified deployment, and how old the evidence is.</summary>
internal sealed class PrivatemodeHealthCheck(PrivatemodeClient client, PrivatemodeOptions options) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (client.Health.Deployment is null)
        {
            try
            {
                // A host that gets no calls before it is healthy would never be. The work goes on when the caller of this check leaves.
                await client.ConnectAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (PrivatemodeConfigurationException exception) when (exception.Setting == nameof(options.ApiKeyAccessor))
            {
                return HealthCheckResult.Degraded("Nothing is verified yet: outside of calls there is no API key to do it with.");
            }
            catch (PrivatemodeException exception)
            {
                return new HealthCheckResult(context.Registration.FailureStatus, exception.Message, exception);
            }
        }

        return Result(client.Health, context.Registration.FailureStatus);
    }

    private HealthCheckResult Result(DeploymentHealth health, HealthStatus failureStatus)
    {
        if (health.Deployment is not { } deployment)
        {
            return new HealthCheckResult(failureStatus, "No deployment is verified.", health.Failure);
        }

        Dictionary<string, object> data = new(StringComparer.Ordinal)
        {
            ["evidenceAge"] = options.TimeProvider.GetUtcNow() - deployment.VerifiedAt,
            ["verifiedAt"] = deployment.VerifiedAt,
            ["validUntil"] = deployment.ValidUntil,
            ["manifestSha256"] = deployment.ManifestSha256,
        };
        return health.Failure is { } failure
            ? HealthCheckResult.Degraded(
                "The deployment is verified, but the last renewal failed. The verdict counts until validUntil.", failure as PrivatemodeException, data)
            : HealthCheckResult.Healthy("The deployment is verified.", data);
    }
}
