using System.Buffers;
using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Internal;
using Privatemode.AI.Verification;

namespace Privatemode.AI;

/// <summary>Represents saved evidence of a deployment, which can be verified again offline.</summary>
/// <remarks>Nothing in the file is trusted. Only the report that <see cref="Verify"/> returns is verified.</remarks>
public sealed class SavedEvidence
{
    /// <summary>The maximum file size in bytes. Real files have several hundred thousand bytes.</summary>
    private const int Limit = 16 * 1024 * 1024;

    private readonly EvidenceBundle _evidence;

    private SavedEvidence(EvidenceBundle evidence) => _evidence = evidence;

    /// <summary>Gets the address of the deployment, as the file claims. Nothing verifies it, not even <see cref="Verify"/>.</summary>
    public Uri ClaimedEndpoint => _evidence.Endpoint;

    /// <summary>Gets the time of the first verification, as the file claims. Nothing verifies it, not even <see cref="Verify"/>.</summary>
    public DateTimeOffset ClaimedVerifiedAt => _evidence.VerifiedAt;

    /// <summary>Reads a file that <see cref="VerifiedDeployment.SaveEvidenceAsync"/> wrote.</summary>
    /// <param name="source">The stream to read to its end. It is not closed.</param>
    /// <returns>The evidence. Members that a newer version of this library added are ignored.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="source"/> is <see langword="null"/>.</exception>
    /// <exception cref="FormatException">The file was not written by this library, has a format that this version cannot read, or is longer than
    /// 16 MiB.</exception>
    public static SavedEvidence Load(Stream source) => LoadAsync(source, async: false, CancellationToken.None).Completed();

    /// <summary>Reads a file that <see cref="VerifiedDeployment.SaveEvidenceAsync"/> wrote, for example from the body of a request.</summary>
    /// <param name="source">The stream to read to its end. It is not closed.</param>
    /// <param name="cancellationToken">A token that cancels the operation.</param>
    /// <returns>The evidence. Members that a newer version of this library added are ignored.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="source"/> is <see langword="null"/>.</exception>
    /// <exception cref="FormatException">The file was not written by this library, has a format that this version cannot read, or is longer than
    /// 16 MiB.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was canceled.</exception>
    public static Task<SavedEvidence> LoadAsync(Stream source, CancellationToken cancellationToken = default) =>
        LoadAsync(source, async: true, cancellationToken).AsTask();

    private static async ValueTask<SavedEvidence> LoadAsync(Stream source, bool async, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArrayBufferWriter<byte> file = new(64 * 1024);
        return await BoundedReader.TryReadAsync(source, file, Limit, async, cancellationToken).ConfigureAwait(false)
            ? new SavedEvidence(EvidenceFile.Read(file.WrittenMemory))
            : throw new FormatException($"The evidence is longer than {Limit} bytes, so SaveEvidenceAsync did not write it.");
    }

    /// <summary>Verifies the evidence again. The method uses neither the network nor the clock.</summary>
    /// <param name="expectation">The requirements that the evidence must meet.</param>
    /// <param name="at">The time for which the evidence is verified: now, to find out whether it is still valid, or a time from your own records, to repeat an
    /// earlier verification. With <see cref="ClaimedVerifiedAt"/>, the author of the file chooses the time and thereby which revocations apply.</param>
    /// <returns>The report. <see cref="VerifiedDeployment.ValidUntil"/> is the end of the collateral's validity, at most 24 hours after <paramref name="at"/>.
    /// <see cref="VerifiedDeployment.Endpoint"/> is <see cref="EvidenceExpectation.Endpoint"/>, or <see cref="ClaimedEndpoint"/> if that is not
    /// set. <see cref="VerifiedDeployment.ManifestSource"/> is <see cref="ManifestSource.Pinned"/>.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="expectation"/> is <see langword="null"/>.</exception>
    /// <exception cref="PrivatemodeVerificationException">The evidence does not prove what is expected.</exception>
    /// <exception cref="PrivatemodeConfigurationException"><see cref="EvidenceExpectation.InsecureLoopbackTrust"/> is set without a loopback endpoint, or
    /// <see cref="EvidenceExpectation.Hardware"/> has an invalid value.</exception>
    public VerifiedDeployment Verify(EvidenceExpectation expectation, DateTimeOffset at)
    {
        ArgumentNullException.ThrowIfNull(expectation);
        RequireLoopback(expectation);
        Uri endpoint = expectation.Endpoint ?? _evidence.Endpoint;
        AttestationDocument document = AttestationDocument.Parse(_evidence.Document);
        Manifest manifest = ManifestPolicyEvaluator.SelectPinned(expectation.ManifestSha256, document);
        ContrastTrustAnchors anchors = VerificationSettings.Of(expectation.InsecureLoopbackTrust);
        using ParsedEvidence evidence = ParsedEvidence.Of(document, manifest, anchors, at);
        VerifiedCoordinator verified = ContrastVerifier.Verify(
            evidence, _evidence.Nonce, _evidence.Collateral, anchors, VerificationSettings.OptionsOf(expectation.Hardware), at);
        verified.MeshAuthority.CheckValidity(at);
        return DeploymentReport.Of(
            verified,
            new ManifestDecision(ManifestSource.Pinned, at),
            _evidence with { Endpoint = endpoint, VerifiedAt = at },
            new AttestationSettings(endpoint, TimeSpan.FromHours(24)));
    }

    // The endpoint in the file is only its writer's claim: it must not decide whether test roots are accepted.
    private static void RequireLoopback(EvidenceExpectation expectation)
    {
        if (expectation.InsecureLoopbackTrust is not null && expectation.Endpoint is not { IsAbsoluteUri: true, IsLoopback: true, Scheme: "http" or "https" })
        {
            throw new PrivatemodeConfigurationException(
                $"{nameof(EvidenceExpectation)}.{nameof(expectation.InsecureLoopbackTrust)}",
                "Test roots are accepted only for a loopback deployment. Set EvidenceExpectation.Endpoint to its loopback address, or do not set " +
                "InsecureLoopbackTrust.");
        }
    }
}

/// <summary>Represents what <see cref="SavedEvidence.Verify"/> requires of saved evidence.</summary>
public sealed class EvidenceExpectation
{
    /// <summary>Initializes a new instance of the <see cref="EvidenceExpectation"/> class with the digests of the accepted manifests.</summary>
    /// <param name="manifestSha256">The SHA-256 digests of the accepted manifests, as 64 hexadecimal digits each.</param>
    /// <exception cref="ArgumentNullException"><paramref name="manifestSha256"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">There is no digest, or one is not 64 hexadecimal digits.</exception>
    public EvidenceExpectation(params string[] manifestSha256) =>
        ManifestSha256 = [.. ((ManifestPolicy.PinnedManifest)ManifestPolicy.Pinned(manifestSha256)).Digests];

    /// <summary>Gets the SHA-256 digests of the accepted manifests.</summary>
    /// <value>64 lower-case hexadecimal digits each, without duplicates.</value>
    public IReadOnlyList<string> ManifestSha256 { get; }

    /// <summary>Gets the requirements for the hardware beyond those of the manifest.</summary>
    /// <value>The default is <see cref="HardwarePolicy.Default"/>.</value>
    public HardwarePolicy Hardware { get; init; } = HardwarePolicy.Default;

    /// <summary>Gets the address that <see cref="VerifiedDeployment.Endpoint"/> of the report contains.</summary>
    /// <value>The default is <see langword="null"/>: the report contains <see cref="SavedEvidence.ClaimedEndpoint"/>. With
    /// <see cref="InsecureLoopbackTrust"/>, a loopback address is required.</value>
    /// <remarks>The evidence does not prove an address, so this value is not compared with the evidence. Take the address from a source that you
    /// trust.</remarks>
    public Uri? Endpoint { get; init; }

    /// <summary>Gets the roots of a test deployment, used instead of those of AMD and Intel. This is insecure outside of tests.</summary>
    /// <value>The default is <see langword="null"/>: the roots of AMD and Intel. Other roots are accepted only if <see cref="Endpoint"/> is a loopback
    /// address.</value>
    public InsecureLoopbackTrust? InsecureLoopbackTrust { get; init; }

}
