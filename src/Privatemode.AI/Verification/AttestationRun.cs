using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using System.Text;
using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Internal;
using Privatemode.AI.KeyExchange;
using Privatemode.AI.Pipeline.Transport;

namespace Privatemode.AI.Verification;

/// <summary>Verifies a deployment once: manifest, nonce, evidence, collateral, result. The deployment gets only the nonce and, in a header, the API
/// key.</summary>
internal sealed class AttestationRun(
    ManifestPolicyEvaluator manifests, ControlPlaneClient control, CollateralCollector collector, ContrastTrustAnchors anchors, ContrastOptions options,
        AttestationSettings settings, TimeProvider time)
{
    private static readonly TimeSpan MaxClockSkew = TimeSpan.FromMinutes(5);

    /// <summary>Verifies the deployment; looks once for a newer manifest if the deployment does not have the published one.</summary>
    /// <param name="onProved">Called with the SHA-256 of the manifest that the deployment has proved, before a callback is asked about it.</param>
    /// <exception cref="PrivatemodeConfigurationException">The service rejects the API key.</exception>
    /// <exception cref="PrivatemodeServiceException">A service could not be reached. This does not mean that verification failed.</exception>
    /// <exception cref="PrivatemodeVerificationException">The verification failed.</exception>
    public async ValueTask<VerifiedMesh> VerifyAsync(string apiKey, Action<string> onProved, bool async, CancellationToken cancellationToken)
    {
        VerifiedMesh mesh = await VerifyOnceAsync(apiKey, onProved, async, cancellationToken).ConfigureAwait(false);

        // The user's decision may take longer than the verification is valid.
        return mesh.Validity.IsOver(time) ? await VerifyOnceAsync(apiKey, onProved, async, cancellationToken).ConfigureAwait(false) : mesh;
    }

    private async ValueTask<VerifiedMesh> VerifyOnceAsync(string apiKey, Action<string> onProved, bool async, CancellationToken cancellationToken)
    {
        ExpectedManifest expected = await manifests.ExpectAsync(async, cancellationToken).ConfigureAwait(false);
        Proof proof;
        try
        {
            proof = await AttestOnceAsync(expected, apiKey, async, cancellationToken).ConfigureAwait(false);
        }
        catch (PrivatemodeVerificationException exception) when (exception.Cause.HasFlag(VerificationCause.ManifestMismatch) && expected.Manifest is not null)
        {
            expected = await RefreshExpectationAsync(expected, exception, async, cancellationToken).ConfigureAwait(false);
            proof = await AttestOnceAsync(expected, apiKey, async, cancellationToken).ConfigureAwait(false);
        }

        onProved(Convert.ToHexStringLower(proof.Verified.Manifest.Digest.Span));
        ManifestDecision decision = await manifests.AdoptAsync(expected, proof.Verified.Manifest, async, cancellationToken).ConfigureAwait(false);
        VerifiedDeployment report = DeploymentReport.Of(proof.Verified, decision, proof.Evidence, settings);
        SecretServiceNames names = new(proof.Verified.Manifest.SecretServiceNames, settings.AcceptsUnnamedSecretService);
        return new VerifiedMesh(proof.Verified.MeshAuthority, names, report, new ValidityPeriod(report.VerifiedAt, report.ValidUntil, proof.Timestamp));
    }

    /// <summary>Fetches the published manifest again if this can change the result, because the publisher can be behind the deployment or ahead of
    /// it.</summary>
    private async ValueTask<ExpectedManifest> RefreshExpectationAsync(
        ExpectedManifest expected, PrivatemodeVerificationException exception, bool async, CancellationToken cancellationToken)
    {
        ExpectedManifest newer = manifests.AllowKept(await manifests.ExpectAsync(async, cancellationToken).ConfigureAwait(false));
        if (newer.Manifest!.Raw.Span.SequenceEqual(expected.Manifest!.Raw.Span) && (newer.Kept is null || expected.Kept is not null))
        {
            // The deployment has another manifest, and the published one is not acceptable: that is the better error than the difference.
            ExceptionDispatchInfo.Throw(newer.Refused ?? exception);
        }

        return newer;
    }

    private async ValueTask<Proof> AttestOnceAsync(ExpectedManifest expected, string apiKey, bool async, CancellationToken cancellationToken)
    {
        byte[] nonce = RandomNumberGenerator.GetBytes(ReportData.NonceSize);
        byte[] body = Encoding.ASCII.GetBytes($"{{\"Nonce\":\"{Convert.ToBase64String(nonce)}\"}}");
        HttpAnswer answer = await control.PostAsync(
            "/privatemode/v1/attest", body, apiKey, AttestResponse.MaxSize, "the attestation", async, cancellationToken).ConfigureAwait(false);
        try
        {
            AttestationDocument document = AttestationDocument.Parse(AttestResponse.ReadDocument(answer.Body));
            Manifest manifest = manifests.Select(expected, document);
            using ParsedEvidence evidence = ParsedEvidence.Of(document, manifest, anchors, time.GetUtcNow());
            (VerifiedCoordinator verified, ContrastCollateral collateral, long stamp) =
                await EvaluateAsync(evidence, nonce, async, cancellationToken).ConfigureAwait(false);
            verified.MeshAuthority.CheckValidity(verified.VerifiedAt);
            EvidenceBundle bundle = new(settings.Endpoint, verified.VerifiedAt, nonce, document.Raw, collateral);
            return new Proof(verified, bundle, stamp);
        }
        catch (PrivatemodeVerificationException exception) when ((ManifestPolicyEvaluator.HintOf(expected) + HintOf(SkewOf(answer))) is { Length: > 0 } hint)
        {
            throw exception.Copy(hint);
        }
    }

    /// <summary>Verifies with stored collateral, and again with current collateral if a stored copy may have caused the failure.</summary>
    private async ValueTask<(VerifiedCoordinator Verified, ContrastCollateral Collateral, long Timestamp)> EvaluateAsync(
        ParsedEvidence evidence, byte[] nonce, bool async, CancellationToken cancellationToken)
    {
        CollectedCollateral collected = await collector.CollectAsync(evidence, fresh: false, async, cancellationToken).ConfigureAwait(false);
        try
        {
            return Evaluate(evidence, nonce, collected);
        }
        catch (PrivatemodeVerificationException exception) when (collected.HasCopies && exception.MayBeFixedByFresherCollateral)
        {
            collected = await collector.CollectAsync(evidence, fresh: true, async, cancellationToken).ConfigureAwait(false);
        }

        try
        {
            return Evaluate(evidence, nonce, collected);
        }
        catch (PrivatemodeVerificationException exception) when (collected.HasStale && exception.Cause.HasFlag(VerificationCause.ExpiredCollateral))
        {
            // The evidence is not to blame: only its collateral is missing.
            throw new PrivatemodeServiceException(
                ServiceFailureReason.Unreachable,
                $"The collateral could not be renewed, and the stored copy is too old ({exception.ErrorType}). Check the network, then retry.",
                exception)
            {
                WasNotSent = true,
            };
        }
    }

    private (VerifiedCoordinator Verified, ContrastCollateral Collateral, long Timestamp) Evaluate(
        ParsedEvidence evidence, byte[] nonce, CollectedCollateral collected)
    {
        ContrastCollateral collateral = collected.Combine();
        long stamp = time.GetTimestamp();
        return (ContrastVerifier.Verify(evidence, nonce, collateral, anchors, options, time.GetUtcNow()), collateral, stamp);
    }

    /// <summary>Returns the difference between this machine's clock and the gateway's, or null if the clocks agree or the difference is unknown.</summary>
    private TimeSpan? SkewOf(HttpAnswer answer) =>
        answer.Headers.Date is { } theirs && time.GetUtcNow() - theirs is var skew && skew.Duration() > MaxClockSkew ? skew : null;

    private static string? HintOf(TimeSpan? skew)
    {
        if (skew is not { } difference)
        {
            return null;
        }

        TimeSpan size = difference.Duration();
        string amount = size.TotalHours < 1.5 ? $"{size.TotalMinutes:F0} minutes"
            : size.TotalDays < 1.5 ? $"{size.TotalHours:F0} hours"
            : $"{size.TotalDays:F0} days";
        string relation = difference > TimeSpan.Zero ? "ahead of" : "behind";
        return $" (The system clock of this machine is about {amount} {relation} the service's. If it is wrong, set it and try again.)";
    }

    /// <summary>The result of a verification, before the manifest policy decides.</summary>
    private sealed record Proof(VerifiedCoordinator Verified, EvidenceBundle Evidence, long Timestamp);
}

/// <summary>The settings of an attestation, except the trust anchors.</summary>
/// <param name="Lifetime">The maximum time for which a verification is valid.</param>
/// <param name="AcceptsUnnamedSecretService">Whether the secret service's certificate may lack a DNS name.</param>
internal sealed record AttestationSettings(Uri Endpoint, TimeSpan Lifetime, bool AcceptsUnnamedSecretService = false);
