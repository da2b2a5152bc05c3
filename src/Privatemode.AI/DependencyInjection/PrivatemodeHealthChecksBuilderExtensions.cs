using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using Privatemode.AI;
using Privatemode.AI.DependencyInjection;

// Where hosts look for methods of this kind.
#pragma warning disable IDE0130
namespace Microsoft.Extensions.DependencyInjection;
#pragma warning restore IDE0130

/// <summary>Adds the state of the deployment to a host's health checks.</summary>
public static class PrivatemodeHealthChecksBuilderExtensions
{
    /// <summary>Healthy: the deployment is verified. Degraded: renewing that failed, but it still counts. Otherwise it is not verified.</summary>
    /// <param name="builder">The health checks of a host with <c>AddPrivatemode</c>.</param>
    /// <param name="name">Name of the check.</param>
    /// <param name="accountKey">The key of the account; null for the one without a key.</param>
    /// <param name="failureStatus">What a deployment that is not verified counts as; null for <see cref="HealthStatus.Unhealthy"/>.</param>
    /// <param name="tags">Tags of the check; null for none.</param>
    /// <param name="timeout">The longest time a check waits for a verification, above zero; <see langword="null"/> for 3 seconds, and
    /// <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timeout"/> is zero or negative.</exception>
    /// <remarks>
    /// The data holds <c>evidenceAge</c> (a <see cref="TimeSpan"/>), <c>verifiedAt</c>, <c>validUntil</c> and <c>manifestSha256</c>. While nothing
    /// is verified, the check verifies the deployment and establishes a session, and if that takes longer than <paramref name="timeout"/>, the check
    /// fails and the work continues for the next one; otherwise the check sends nothing. Where callers bring their API keys
    /// (<see cref="PrivatemodeOptions.ApiKeyAccessor"/>), it is degraded until the first call.
    /// </remarks>
    public static IHealthChecksBuilder AddPrivatemodeHealthCheck(
        this IHealthChecksBuilder builder, string name = "privatemode", string? accountKey = null, HealthStatus? failureStatus = null,
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
                AccountServices.ClientOf(provider, accountKey),
                provider.GetRequiredService<IOptionsMonitor<PrivatemodeOptions>>().Get(accountKey ?? Options.Options.DefaultName),
                longest),
            failureStatus, tags));
    }
}
