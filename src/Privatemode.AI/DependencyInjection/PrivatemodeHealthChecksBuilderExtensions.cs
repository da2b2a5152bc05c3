using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using Privatemode.AI;
using Privatemode.AI.DependencyInjection;

// The namespace in which hosts expect methods of this kind.
#pragma warning disable IDE0130
namespace Microsoft.Extensions.DependencyInjection;
#pragma warning restore IDE0130

/// <summary>Provides an extension method that adds the state of a Privatemode deployment to the health checks of a host.</summary>
public static class PrivatemodeHealthChecksBuilderExtensions
{
    /// <summary>Adds a health check that reports whether the deployment is verified.</summary>
    /// <param name="builder">The health checks builder.</param>
    /// <param name="name">The name of the health check. The default is <c>privatemode</c>.</param>
    /// <param name="account">The account whose deployment is checked, or <see langword="null"/>, the default, for the account without a service key. It can
    /// be registered before or after this call.</param>
    /// <param name="failureStatus">The status to report if the deployment is not verified, or <see langword="null"/>, the default, for
    /// <see cref="HealthStatus.Unhealthy"/>.</param>
    /// <param name="tags">The tags of the health check, or <see langword="null"/>, the default, for none.</param>
    /// <param name="timeout">The maximum time that a check waits for a verification, greater than zero; <see langword="null"/>, the default, for 3 seconds, or
    /// <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <returns>The health checks builder.</returns>
    /// <remarks>
    /// <para>The status is <see cref="HealthStatus.Healthy"/> if the deployment is verified. It is <see cref="HealthStatus.Degraded"/> if the last renewal
    /// failed but the verification is still valid, if another manifest is published that was not approved (<see cref="ManifestPolicy.RequireApproval"/>), if
    /// the deployment is not verified because <see cref="PrivatemodeOptions.ApiKeyAccessor"/> returns no API key outside of a call, or if
    /// <see cref="TransportOptions.DangerousUnverifiedLocalProxy"/> is set. Otherwise, it is <paramref name="failureStatus"/>.</para>
    /// <para>If the deployment is verified, the data contains <c>evidenceAge</c> (a <see cref="TimeSpan"/>), <c>verifiedAt</c>, <c>validUntil</c> and
    /// <c>manifestSha256</c>. It also contains <c>unapprovedManifestSha256</c> if a manifest that was not approved is the reason for the status.</para>
    /// <para>While the deployment is not verified, the check verifies it and establishes a session. If that takes longer than
    /// <paramref name="timeout"/>, the check fails and the verification continues for the next check. For 30 seconds after the deployment failed a
    /// verification, the check reports this failure and does not verify again. While the deployment is verified, the check sends nothing.</para>
    /// <para>Running the check throws a <see cref="PrivatemodeConfigurationException"/> if the account is not registered.</para>
    /// </remarks>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> or <paramref name="name"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timeout"/> is zero or negative, and not
    /// <see cref="Timeout.InfiniteTimeSpan"/>.</exception>
    public static IHealthChecksBuilder AddPrivatemodeHealthCheck(
        this IHealthChecksBuilder builder, string name = "privatemode", RegisteredAccount? account = null, HealthStatus? failureStatus = null,
        IEnumerable<string>? tags = null, TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        TimeSpan longest = timeout ?? PrivatemodeHealthCheck.DefaultTimeout;
        if (longest <= TimeSpan.Zero && longest != Timeout.InfiniteTimeSpan)
        {
            throw new ArgumentOutOfRangeException(nameof(timeout), timeout, "The timeout must be above zero.");
        }

        return builder.Add(new HealthCheckRegistration(
            name,
            provider => new PrivatemodeHealthCheck(
                AccountServices.ClientOf(provider, account?.ServiceKey),
                provider.GetRequiredService<IOptionsMonitor<PrivatemodeOptions>>().Get(account?.ServiceKey ?? Options.Options.DefaultName),
                longest),
            failureStatus, tags));
    }
}
