using System.Security.Cryptography;
using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Diagnostics;
using Privatemode.AI.Endpoints;

namespace Privatemode.AI.Sessions;

/// <summary>Applies the <see cref="ManifestPolicy"/>: decides which manifest counts and records it, before anything is sent to a deployment.</summary>
/// <remarks>One caller at a time.</remarks>
internal sealed class ManifestKeeper(ManifestPolicy policy, ManifestEndpoint endpoint, ClientEvents events, TimeProvider time)
{
    /// <summary>The check that fails when the user does not approve.</summary>
    public const string ApprovalCheck = "manifest-approval";

    /// <summary>The check that fails when a manifest has none of the pinned digests.</summary>
    public const string PinCheck = "manifest-pin";

    // A callback that uses the client it decides for would wait for itself.
    private static readonly AsyncLocal<bool> IsAsking = new();

    private readonly ManifestRecorder _recorder = new(
        policy switch
        {
            ManifestPolicy.LatestManifest latest => latest.AdoptionLog,
            ManifestPolicy.ApprovedManifest approved => approved.AdoptionLog,
            _ => null,
        },
        time,
        approving: policy is ManifestPolicy.ApprovedManifest);

    /// <exception cref="PrivatemodeConfigurationException">The caller is the approval callback.</exception>
    public static void DemandOutside()
    {
        if (IsAsking.Value)
        {
            throw new PrivatemodeConfigurationException(
                nameof(PrivatemodeOptions.Manifest), "The approval callback uses a client that waits for its decision. Decide without one.");
        }
    }

    /// <summary>False when the policy never looks for another manifest.</summary>
    public bool FollowsThePublisher => policy is not ManifestPolicy.PinnedManifest;

    /// <summary>Decides. For pinned digests nothing is fetched: the deployment shows its manifest.</summary>
    /// <remarks>
    /// What the publisher's host answers may be an error page. It does not end what a deployment proves that still has the manifest adopted last;
    /// nothing is accepted that was not adopted.
    /// </remarks>
    /// <exception cref="PrivatemodeServiceException">The manifest cannot be had, and none was adopted before.</exception>
    /// <exception cref="PrivatemodeVerificationException">It is no acceptable manifest, and none was adopted before; or it was not approved.</exception>
    public async ValueTask<ExpectedManifest> DecideAsync(bool async, CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetUtcNow();
        if (policy is ManifestPolicy.PinnedManifest)
        {
            return new ExpectedManifest(null, ManifestSource.Pinned, now);
        }

        (byte[] Manifest, DateTimeOffset At)? last = await _recorder.LastAsync(async, cancellationToken).ConfigureAwait(false);
        byte[] published;
        Manifest manifest;
        try
        {
            published = await endpoint.GetAsync(Manifest.MaxSize, async, cancellationToken).ConfigureAwait(false);
            manifest = Manifest.Parse(published);
        }
        catch (PrivatemodeException exception) when (last is not null && exception is (PrivatemodeServiceException or PrivatemodeVerificationException))
        {
            events.ManifestKept(exception);
            return new ExpectedManifest(
                Manifest.Parse(last.Value.Manifest), ManifestSource.LastAdopted, last.Value.At, exception as PrivatemodeVerificationException);
        }

        bool isNew = last is null || !last.Value.Manifest.AsSpan().SequenceEqual(published);
        if (isNew)
        {
            await DemandApprovalAsync(last?.Manifest, manifest, async, cancellationToken).ConfigureAwait(false);
            await _recorder.RecordAsync(published, async, cancellationToken).ConfigureAwait(false);
            events.ManifestAdopted(last is null ? null : DigestOf(last.Value.Manifest), DigestOf(published));
        }

        ManifestSource source = policy is ManifestPolicy.ApprovedManifest ? ManifestSource.Approved : ManifestSource.Published;
        return new ExpectedManifest(manifest, source, isNew ? now : last!.Value.At);
    }

    /// <summary>Whether the publisher has another manifest now; null when that cannot be found out, or when what is published is not a manifest.</summary>
    public async ValueTask<bool?> HasChangedAsync(ReadOnlyMemory<byte> digest, bool async, CancellationToken cancellationToken)
    {
        try
        {
            byte[] published = await endpoint.GetAsync(Manifest.MaxSize, async, cancellationToken).ConfigureAwait(false);
            return !Manifest.Parse(published).Digest.Span.SequenceEqual(digest.Span);
        }
        catch (Exception exception) when (exception is PrivatemodeServiceException or PrivatemodeVerificationException)
        {
            return null;
        }
    }

    /// <summary>The manifest a document is to be judged by.</summary>
    /// <exception cref="PrivatemodeVerificationException">Digests are pinned, and the deployment shows none of them.</exception>
    public Manifest Resolve(ExpectedManifest expected, AttestationDocument document)
    {
        if (expected.Manifest is not null)
        {
            return expected.Manifest;
        }

        IReadOnlyCollection<string> pins = ((ManifestPolicy.PinnedManifest)policy).Digests;
        return ResolvePinned(pins, document);
    }

    /// <summary>The deployment's own manifest, if its digest is one of these.</summary>
    /// <exception cref="PrivatemodeVerificationException">It is not.</exception>
    public static Manifest ResolvePinned(IReadOnlyCollection<string> pins, AttestationDocument document)
    {
        ReadOnlyMemory<byte> shown = document.Manifests.Count == 1 ? document.Manifests[0] : default;
        string digest = DigestOf(shown.Span);
        return pins.Contains(digest)
            ? Manifest.Parse(shown)
            : throw new PrivatemodeVerificationException(
                PinCheck,
                "The deployment's manifest is none of the pinned ones. Do not send anything; look at the new manifest before you pin it.",
                string.Join(" or ", pins),
                digest);
    }

    private static string DigestOf(ReadOnlySpan<byte> manifest) => Convert.ToHexStringLower(SHA256.HashData(manifest));

    private async ValueTask DemandApprovalAsync(byte[]? before, Manifest manifest, bool async, CancellationToken cancellationToken)
    {
        if (policy is not ManifestPolicy.ApprovedManifest approved)
        {
            return;
        }

        ManifestDifference difference = ManifestDifference.Between(before is null ? null : Manifest.Parse(before), manifest);
        ManifestUpdate update = new(difference.Before, difference.After, manifest.Raw, difference.Lines);
        IsAsking.Value = true;
        bool isApproved;
        try
        {
            isApproved = async
                ? await approved.Ask(update, cancellationToken).ConfigureAwait(false)
                : approved.Ask(update, cancellationToken).AsTask().GetAwaiter().GetResult();
        }
        catch (Exception exception) when (Callbacks.Note(exception))
        {
            throw;
        }

        IsAsking.Value = false;
        if (!isApproved)
        {
            throw new PrivatemodeVerificationException(
                ApprovalCheck, "The new manifest was not approved. Nothing was sent.", difference.Before, difference.After);
        }
    }
}
