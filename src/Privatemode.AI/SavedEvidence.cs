using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.KeyExchange;
using Privatemode.AI.Sessions;

namespace Privatemode.AI;

/// <summary>Evidence from a file, to be verified again: offline, as of then or as of now. Nothing of it is believed until <see cref="Verify"/>.</summary>
public sealed class SavedEvidence
{
    /// <summary>Largest file read, in bytes; real ones have some hundred thousand.</summary>
    private const int Limit = 16 * 1024 * 1024;

    private readonly EvidenceBundle _evidence;

    private SavedEvidence(EvidenceBundle evidence) => _evidence = evidence;

    /// <summary>Where the evidence comes from, as whoever wrote the file claims. Nothing proves it, <see cref="Verify"/> included.</summary>
    public Uri ClaimedEndpoint => _evidence.Endpoint;

    /// <summary>When the evidence was verified, as whoever wrote the file claims. Nothing proves it, <see cref="Verify"/> included.</summary>
    public DateTimeOffset ClaimedVerifiedAt => _evidence.VerifiedAt;

    /// <summary>Reads what <see cref="VerifiedDeployment.SaveEvidenceAsync"/> wrote.</summary>
    /// <param name="source">The file; read to its end, not closed.</param>
    /// <returns>The evidence.</returns>
    /// <exception cref="FormatException">It is no such file, or longer than 16 MiB.</exception>
    public static SavedEvidence Load(Stream source) => LoadAsync(source, async: false, CancellationToken.None).Completed();

    /// <summary>Reads what <see cref="VerifiedDeployment.SaveEvidenceAsync"/> wrote, for example from the body of a request.</summary>
    /// <param name="source">The file; read to its end, not closed.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The evidence.</returns>
    /// <exception cref="FormatException">It is no such file, or longer than 16 MiB.</exception>
    public static Task<SavedEvidence> LoadAsync(Stream source, CancellationToken cancellationToken = default) =>
        LoadAsync(source, async: true, cancellationToken).AsTask();

    private static async ValueTask<SavedEvidence> LoadAsync(Stream source, bool async, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        using MemoryStream file = new();
        byte[] buffer = new byte[64 * 1024];
        int read;
        while ((read = async ? await source.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) : source.Read(buffer)) > 0)
        {
            if (file.Length + read > Limit)
            {
                throw new FormatException($"Evidence is not longer than {Limit} bytes.");
            }

            file.Write(buffer, 0, read);
        }

        return new SavedEvidence(EvidenceFile.Read(file.GetBuffer().AsMemory(0, (int)file.Length)));
    }

    /// <summary>Verifies it all again. Uses no network and no clock.</summary>
    /// <param name="expectation">What it must prove.</param>
    /// <param name="at">As of when: now, to see whether it still counts, or a time of your own records, to repeat an earlier verdict. With
    /// <see cref="ClaimedVerifiedAt"/> whoever wrote the file chooses the time, and with it which revocations count.</param>
    /// <returns>The report; <see cref="VerifiedDeployment.ValidUntil"/> is the end of the collateral, or 24 hours after <paramref name="at"/>.
    /// <see cref="VerifiedDeployment.Endpoint"/> is that of the expectation, or else the claimed one.</returns>
    /// <exception cref="PrivatemodeVerificationException">It does not prove that.</exception>
    /// <exception cref="PrivatemodeConfigurationException">The expectation trusts test roots without naming a loopback endpoint.</exception>
    public VerifiedDeployment Verify(EvidenceExpectation expectation, DateTimeOffset at)
    {
        ArgumentNullException.ThrowIfNull(expectation);
        DemandLoopback(expectation);
        Uri endpoint = expectation.Endpoint ?? _evidence.Endpoint;
        AttestationDocument document = AttestationDocument.Parse(_evidence.Document);
        Manifest manifest = ManifestKeeper.ResolvePinned(expectation.Digests, document);
        VerifiedCoordinator verified = ContrastVerifier.Verify(
            document,
            _evidence.Nonce,
            manifest,
            _evidence.Collateral,
            TrustAnchors.Of(expectation.InsecureLoopbackTrust),
            TrustAnchors.OptionsOf(expectation.Hardware),
            at);
        MeshCertificateAuthority authority = MeshCertificateAuthority.FromPem(verified.MeshAuthority.Span);
        authority.CheckValidity(at);
        return DeploymentReport.Of(
            verified,
            new ManifestGrounds(ManifestSource.Pinned, at),
            authority.NotAfter,
            _evidence with { Endpoint = endpoint, VerifiedAt = at },
            new AttestorSettings(endpoint, TimeSpan.FromHours(24)));
    }

    // The endpoint in the file is what its writer says: it must not decide whether test roots count.
    private static void DemandLoopback(EvidenceExpectation expectation)
    {
        if (expectation.InsecureLoopbackTrust is not null && expectation.Endpoint is not { IsAbsoluteUri: true, IsLoopback: true, Scheme: "http" or "https" })
        {
            throw new PrivatemodeConfigurationException(
                $"{nameof(EvidenceExpectation)}.{nameof(expectation.InsecureLoopbackTrust)}",
                "Test roots count for evidence of a loopback deployment only. Name its Endpoint in the expectation, or verify without them.");
        }
    }
}
