using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Endpoints;
using Privatemode.AI.KeyExchange;

namespace Privatemode.AI.Sessions;

/// <summary>Verifies a deployment once: manifest, nonce, evidence, collateral, verdict. Sends nothing but the nonce.</summary>
internal sealed class Attestor(
    ManifestKeeper manifests, AttestEndpoint endpoint, EvidenceCollector collector, ContrastTrustAnchors anchors, ContrastOptions options,
        AttestorSettings settings, TimeProvider time)
{
    private const int NonceSize = 32;

    private static readonly TimeSpan LargestSkew = TimeSpan.FromMinutes(5);

    /// <summary>Verifies; looks for a newer manifest once when the deployment has another one than was published before.</summary>
    /// <exception cref="PrivatemodeConfigurationException">The service rejects the API key.</exception>
    /// <exception cref="PrivatemodeServiceException">Something could not be reached; that is no verdict.</exception>
    /// <exception cref="PrivatemodeVerificationException">The deployment did not prove itself.</exception>
    public async ValueTask<TrustedMesh> VerifyAsync(string apiKey, bool async, CancellationToken cancellationToken)
    {
        ExpectedManifest expected = await manifests.DecideAsync(async, cancellationToken).ConfigureAwait(false);
        try
        {
            return await VerifyAsync(expected, apiKey, async, cancellationToken).ConfigureAwait(false);
        }
        catch (PrivatemodeVerificationException exception) when (exception.Check == ContrastChecks.ManifestMatch && expected.Manifest is not null)
        {
            ExpectedManifest newer = await manifests.DecideAsync(async, cancellationToken).ConfigureAwait(false);
            if (newer.Manifest!.Raw.Span.SequenceEqual(expected.Manifest.Raw.Span))
            {
                // The deployment moved on, and what is published for it cannot be accepted: that says more than the difference.
                ExceptionDispatchInfo.Throw(newer.Refused ?? exception);
            }

            return await VerifyAsync(newer, apiKey, async, cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask<TrustedMesh> VerifyAsync(ExpectedManifest expected, string apiKey, bool async, CancellationToken cancellationToken)
    {
        byte[] nonce = RandomNumberGenerator.GetBytes(NonceSize);
        HttpAnswer answer = await endpoint.PostAsync(nonce, apiKey, AttestResponse.MaxSize, async, cancellationToken).ConfigureAwait(false);
        try
        {
            AttestationDocument document = AttestationDocument.Parse(AttestResponse.ReadDocument(answer.Body));
            Manifest manifest = manifests.Resolve(expected, document);
            CollateralNeeds needs = CollateralNeeds.Of(document, manifest, anchors, time.GetUtcNow());
            (VerifiedCoordinator verified, ContrastCollateral collateral, long stamp) =
                await JudgeAsync(document, nonce, manifest, needs, async, cancellationToken).ConfigureAwait(false);
            MeshCertificateAuthority authority = MeshCertificateAuthority.FromPem(verified.MeshAuthority.Span);
            authority.CheckValidity(verified.VerifiedAt);
            EvidenceBundle bundle = new(settings.Endpoint, verified.VerifiedAt, nonce, document.Raw, collateral);
            VerifiedDeployment report = DeploymentReport.Of(verified, expected, authority.NotAfter, bundle, settings);
            SecretServiceNames names = new(manifest.SecretServiceNames, settings.AcceptsUnnamedSecretService);
            return new TrustedMesh(authority, names, report, new Lifetime(report.VerifiedAt, report.ValidUntil, stamp));
        }
        catch (PrivatemodeVerificationException exception) when (SkewOf(answer) is { } skew)
        {
            throw WithHint(exception, skew);
        }
    }

    /// <summary>Judges by what is at hand, and once more by what is current if a copy at hand may be to blame.</summary>
    private async ValueTask<(VerifiedCoordinator Verified, ContrastCollateral Collateral, long Stamp)> JudgeAsync(
        AttestationDocument document, byte[] nonce, Manifest manifest, CollateralNeeds needs, bool async, CancellationToken cancellationToken)
    {
        CollectedCollateral collected = await collector.CollectAsync(needs, fresh: false, async, cancellationToken).ConfigureAwait(false);
        try
        {
            return Judge(document, nonce, manifest, collected);
        }
        catch (PrivatemodeVerificationException exception) when (collected.HasCopies && FresherCollateral.MayCure(exception))
        {
            collected = await collector.CollectAsync(needs, fresh: true, async, cancellationToken).ConfigureAwait(false);
        }

        try
        {
            return Judge(document, nonce, manifest, collected);
        }
        catch (PrivatemodeVerificationException exception) when (collected.HasStandIns && ContrastChecks.IsAgeOfCollateral(exception.Check))
        {
            // The deployment did nothing wrong: there is only nothing to judge it by.
            throw new PrivatemodeServiceException(
                PrivatemodeServiceFailure.Unreachable,
                $"What the evidence is judged by could not be renewed, and the copy is too old ({exception.Check}). Check the network, then retry.",
                exception);
        }
    }

    private (VerifiedCoordinator Verified, ContrastCollateral Collateral, long Stamp) Judge(
        AttestationDocument document, byte[] nonce, Manifest manifest, CollectedCollateral collected)
    {
        ContrastCollateral collateral = collected.Combine();
        long stamp = time.GetTimestamp();
        return (ContrastVerifier.Verify(document, nonce, manifest, collateral, anchors, options, time.GetUtcNow()), collateral, stamp);
    }

    /// <summary>How far this machine's clock is from the gateway's; null when they agree, or nothing is known.</summary>
    private TimeSpan? SkewOf(HttpAnswer answer) =>
        answer.Headers.Date is { } theirs && time.GetUtcNow() - theirs is var skew && skew.Duration() > LargestSkew ? skew : null;

    private static PrivatemodeVerificationException WithHint(PrivatemodeVerificationException exception, TimeSpan skew) => new(
        $"{exception.Message} (This machine's clock is {Math.Abs(skew.TotalMinutes):F0} minutes {(skew > TimeSpan.Zero ? "ahead of" : "behind")} the " +
            "service's. If it is wrong, set it and try again.)",
        exception.Mismatches);
}
