using Microsoft.Extensions.Diagnostics.HealthChecks;
using Privatemode.AI.Internal;
using Privatemode.AI.Verification;

namespace Privatemode.AI.DependencyInjection;

/// <summary>Reports whether calls can rely on a verified deployment, and how old the evidence is.</summary>
/// <param name="client">The client of the account.</param>
/// <param name="options">Its settings.</param>
/// <param name="longest">The maximum time that a check waits for a verification; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
internal sealed class PrivatemodeHealthCheck(PrivatemodeClient client, PrivatemodeOptions options, TimeSpan longest) : IHealthCheck
{
    /// <summary>The default of the maximum wait: probes of orchestrators time out after a few seconds, and a verification without a network takes longer to
    /// fail.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(3);

    /// <summary>Each refused verification is logged as an error, and a callback that fails may be a database that is away: a probe would otherwise start one
    /// every few seconds.</summary>
    public static readonly TimeSpan MinTimeBetweenFailures = TimeSpan.FromSeconds(30);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (client.IsUnverified)
        {
            return HealthCheckResult.Degraded($"Not verified by this client: requests are sent unencrypted to the proxy at {client.Endpoint}.");
        }

        DeploymentHealth known = client.Health;
        if (known.Deployment is null && known.Failure is { } failure && known.FailureAge < MinTimeBetweenFailures
            && (failure is PrivatemodeVerificationException || UserCallback.Threw(failure)))
        {
            return Failed(failure, context.Registration.FailureStatus);
        }

        if (known.Deployment is null)
        {
            using CallDeadline deadline = new(longest, options.TimeProvider, async: true, cancellationToken);
            try
            {
                // A host that gets no calls before it is healthy would never become healthy. The verification continues when this check stops waiting.
                await client.ConnectAsync(deadline.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (deadline.HasPassed && !cancellationToken.IsCancellationRequested)
            {
                return new HealthCheckResult(
                    context.Registration.FailureStatus,
                    $"The deployment is not verified yet, and the check did not wait longer than {longest.TotalSeconds:0.###} s. " +
                    "Verification continues in the background.",
                    client.Health.Failure);
            }
            catch (PrivatemodeConfigurationException exception) when (exception.IsOutsideOfCalls)
            {
                return HealthCheckResult.Degraded("The deployment is not verified yet, because there is no API key outside of calls.");
            }
            catch (Exception exception) when (
                UserCallback.Threw(exception) ? !cancellationToken.IsCancellationRequested : exception is PrivatemodeException)
            {
                return Failed(exception, context.Registration.FailureStatus);
            }
        }

        return Result(client.Health, context.Registration.FailureStatus);
    }

    /// <summary>Returns the result for a failed verification. Health reports are often public, so the description contains no directories, no values of
    /// checks, and nothing of the message of a callback, which can be anything, even a key.</summary>
    private static HealthCheckResult Failed(Exception failure, HealthStatus failureStatus)
    {
        string description = failure switch
        {
            _ when UserCallback.Threw(failure) =>
                "A callback of the application, such as ApiKeyAccessor or OnVerified, failed, so the deployment is not verified. Correct the callback.",
            PrivatemodeVerificationException refusal => $"The deployment was refused: the check {refusal.ErrorType} failed. The exception has the details.",
            PrivatemodeConfigurationException { Setting: OptionNames.Manifest } =>
                $"The manifest log cannot be used. Correct {OptionNames.Manifest}; the exception has the details.",
            _ => failure.Message,
        };
        return new HealthCheckResult(failureStatus, description, failure);
    }

    private HealthCheckResult Result(DeploymentHealth health, HealthStatus failureStatus)
    {
        if (health.Deployment is not { } deployment)
        {
            return new HealthCheckResult(failureStatus, "The deployment is not verified.", health.Failure);
        }

        Dictionary<string, object> data = new(StringComparer.Ordinal)
        {
            ["evidenceAge"] = options.TimeProvider.GetUtcNow() - deployment.VerifiedAt,
            ["verifiedAt"] = deployment.VerifiedAt,
            ["validUntil"] = deployment.ValidUntil,
            ["manifestSha256"] = deployment.ManifestSha256,
        };
        if (health.Failure is { } failure)
        {
            return HealthCheckResult.Degraded(
                "The deployment is verified, but the last renewal failed. The verification is valid until validUntil.", failure as PrivatemodeException, data);
        }

        if (deployment.UnapprovedManifestSha256 is { } unapproved)
        {
            data["unapprovedManifestSha256"] = unapproved;
            return HealthCheckResult.Degraded(
                "The deployment proves the approved manifest, but the publisher names another one, which was not approved.", data: data);
        }

        return HealthCheckResult.Healthy("The deployment is verified.", data);
    }
}
