using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Privatemode.AI.Diagnostics;
using Privatemode.AI.Internal;
using Privatemode.AI.KeyExchange;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Verification;

namespace Privatemode.AI.Sessions;

/// <summary>Establishes a new inference secret: it gets the trust anchor (the mesh CA), performs the key exchange, and handles failures of both.</summary>
/// <param name="getMesh">Returns the verified mesh, or a newer one than the one that did not work; see <see cref="DeploymentVerifier.GetAsync"/>.</param>
/// <param name="gpuRevocation">The policy that is sent with every request under the secret.</param>
/// <param name="hasProvedOther">See <see cref="DeploymentVerifier.HasProvedOther"/>; null if this is never known.</param>
internal sealed class SecretExchanger(
    Func<VerifiedMesh?, string, bool, CancellationToken, ValueTask<VerifiedMesh>> getMesh, ControlPlaneClient control, GpuRevocationPolicy gpuRevocation,
    ClientEvents events, TimeProvider time, Func<VerifiedDeployment, bool>? hasProvedOther = null)
{
    private const int AnswerLimit = 64 * 1024;

    private static readonly TimeSpan[] PausesBetweenTries = [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2)];

    /// <summary>
    /// Establishes a secret in up to three attempts. A rejected API key, another permanent refusal, an outdated client, and a failed verification are not
    /// retried. If the service is unavailable, the next attempt waits for the time that the service requests.
    /// </summary>
    /// <exception cref="PrivatemodeConfigurationException">The service rejects the API key.</exception>
    /// <exception cref="PrivatemodeServiceException">The service could not be reached, or refused the exchange.</exception>
    /// <exception cref="PrivatemodeVerificationException">The secret service did not prove that it belongs to the deployment.</exception>
    public async ValueTask<SessionSecret> GetAsync(string apiKey, bool async, CancellationToken cancellationToken)
    {
        Refusal refusal = new();
        Exception? failure = null;
        try
        {
            return await RetryAfter.RepeatAsync(
                () => TryAsync(refusal, apiKey, async, cancellationToken), PausesBetweenTries, failure => !IsFinal(failure), time, async, cancellationToken)
                .ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            failure = exception;
            throw;
        }
        finally
        {
            Report(refusal, failure);
        }
    }

    /// <summary>Logs and counts a refused answer of the secret service once, also if it is not known why it was refused.</summary>
    /// <param name="failure">The exception that ends the exchange, or null.</param>
    private void Report(Refusal refusal, Exception? failure)
    {
        if (refusal.Reason is not { } reason)
        {
            return;
        }

        bool isOfCallback = failure is not null && UserCallback.Threw(failure);
        if (isOfCallback && hasProvedOther?.Invoke(refusal.Mesh!.Deployment) == true)
        {
            events.DeploymentReplaced(reason);
        }
        else if (isOfCallback || failure is not PrivatemodeVerificationException || failure == reason)
        {
            // Another verification failure comes from the verifier, which has logged it.
            events.VerificationFailed(reason);
        }
    }

    /// <summary>Makes one attempt. If the exchange fails, it gets the trust anchor again and repeats the exchange once.</summary>
    private async ValueTask<SessionSecret> TryAsync(Refusal refusal, string apiKey, bool async, CancellationToken cancellationToken)
    {
        VerifiedMesh mesh = await GetMeshAsync(null, refusal, apiKey, async, cancellationToken).ConfigureAwait(false);
        try
        {
            return await ExchangeAsync(mesh, refusal, apiKey, async, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is PrivatemodeVerificationException || (exception is PrivatemodeServiceException
        {
            Reason: not ServiceFailureReason.RateLimited,
        } service && !IsFinal(service)))
        {
            // The deployment may have been replaced, and the mesh CA with it: then the certificate belongs to another CA, or nothing answers.
            mesh = await GetMeshAsync(mesh, refusal, apiKey, async, cancellationToken).ConfigureAwait(false);
        }

        return await ExchangeAsync(mesh, refusal, apiKey, async, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Gets the mesh. Another deployment than the one that refused explains the refusal: it is an update or a restart of the service.</summary>
    private async ValueTask<VerifiedMesh> GetMeshAsync(VerifiedMesh? rejected, Refusal refusal, string apiKey, bool async, CancellationToken cancellationToken)
    {
        VerifiedMesh mesh = await getMesh(rejected, apiKey, async, cancellationToken).ConfigureAwait(false);
        if (refusal.Reason is { } reason && !DeploymentVerifier.IsSame(refusal.Mesh!.Deployment, mesh.Deployment))
        {
            refusal.Reason = null;
            events.DeploymentReplaced(reason);
        }

        return mesh;
    }

    /// <summary>Returns whether a failure depends neither on the deployment nor on the time, so it would happen again, or is the application's own.</summary>
    private static bool IsFinal(PrivatemodeServiceException exception) =>
        UserCallback.Threw(exception)
        || exception is { Reason: ServiceFailureReason.ClientTooOld } or { IsApiKeyError: true, Reason: not ServiceFailureReason.RateLimited };

    private async ValueTask<SessionSecret> ExchangeAsync(
        VerifiedMesh mesh, Refusal refusal, string apiKey, bool async, CancellationToken cancellationToken)
    {
        TelemetryOperation? operation = TelemetryOperation.Begin(Telemetry.Exchange, time);
        operation?.About(mesh.Deployment);
        try
        {
            (SessionSecret secret, DateTimeOffset until) = await ExchangeOnceAsync(mesh, apiKey, async, cancellationToken).ConfigureAwait(false);
            operation?.Succeed();
            events.SecretExchanged(secret.Id, until);
            return secret;
        }
        catch (Exception exception)
        {
            operation?.Fail(exception);
            if (exception is PrivatemodeVerificationException reason)
            {
                (refusal.Mesh, refusal.Reason) = (mesh, reason);
            }
            else
            {
                events.ExchangeFailed(exception);
            }

            throw;
        }
    }

    private async ValueTask<(SessionSecret Secret, DateTimeOffset Until)> ExchangeOnceAsync(
        VerifiedMesh mesh, string apiKey, bool async, CancellationToken cancellationToken)
    {
        // A new key pair each time: the service refuses a public key that it knows already.
        using SecretExchange exchange = SecretExchange.Create();
        ValidityPeriod lifetime = ValidityPeriod.Of(SecretExchange.SecretLifetime, time);
        HttpAnswer answer = await control.PostAsync(
            "/privatemode/v1/secret", exchange.RequestBody, apiKey, AnswerLimit, "the key exchange", async, cancellationToken).ConfigureAwait(false);
        InferenceSecret secret = exchange.Complete(answer.Body, mesh.Authority, mesh.SecretService, time.GetUtcNow(), lifetime.From);
        string policy = GpuPolicyHeader.Text(gpuRevocation, lifetime.From);
        return (new SessionSecret(secret, lifetime, policy, GpuPolicyHeader.Mac(secret.Key, policy), mesh.Deployment, mesh.Validity), lifetime.Until);
    }

    /// <summary>The last answer of the secret service that did not prove that it belongs to the deployment, until the reason is known.</summary>
    private sealed class Refusal
    {
        /// <summary>The deployment that was expected; null if <see cref="Reason"/> is.</summary>
        public VerifiedMesh? Mesh { get; set; }

        /// <summary>Why the answer was refused; null if nothing was, or if a replaced deployment explains it.</summary>
        public PrivatemodeVerificationException? Reason { get; set; }
    }
}

/// <summary>The GPU revocation policy as headers: its text, and a MAC that binds it to the secret.</summary>
/// <remarks>The MAC does not bind it to a request: all requests under one secret use one policy.</remarks>
internal static class GpuPolicyHeader
{
    /// <summary><c>rules=allow-good[,allow-revoked][,allow-unknown]; revocation-time-not-before=&lt;unix seconds&gt;</c>.</summary>
    public static string Text(GpuRevocationPolicy policy, DateTimeOffset now)
    {
        string revoked = policy.RevocationGracePeriod > TimeSpan.Zero ? ",allow-revoked" : "";
        string unknown = policy.AcceptsUnknownStatus ? ",allow-unknown" : "";
        return Text($"allow-good{revoked}{unknown}", (now - policy.RevocationGracePeriod).ToUnixTimeSeconds());
    }

    /// <summary>The header text for given rules and time.</summary>
    public static string Text(string rules, long notBefore) =>
        string.Create(CultureInfo.InvariantCulture, $"rules={rules}; revocation-time-not-before={notBefore}");

    /// <summary>Lower-case hex of HMAC-SHA256 over the header text, key = the inference secret.</summary>
    public static string Mac(ReadOnlySpan<byte> key, string text) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(text)));
}
