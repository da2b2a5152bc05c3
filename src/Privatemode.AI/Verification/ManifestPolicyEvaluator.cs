using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Diagnostics;
using Privatemode.AI.Internal;
using Privatemode.AI.Receipts;

namespace Privatemode.AI.Verification;

/// <summary>Applies the <see cref="ManifestPolicy"/>. <c>docs/manifests.md</c> describes the states and what ends each of them.</summary>
/// <remarks>
/// The order is: fetch the published manifest (<see cref="ExpectAsync"/>), attest, verify, then approve and log (<see cref="AdoptAsync"/>); keys are
/// exchanged after that. One caller at a time, except for <see cref="HasChangedAsync"/>.
/// </remarks>
internal sealed class ManifestPolicyEvaluator(
    ManifestPolicy policy, ManifestEndpoint endpoint, ClientEvents events, TimeProvider time, bool isTestTrust = false)
{
    /// <summary>The check that fails when the user does not approve.</summary>
    public const string ApprovalCheck = "manifest-approval";

    /// <summary>The check that fails when a manifest does not have one of the pinned digests.</summary>
    public const string PinCheck = "manifest-pin";

    /// <summary>The check that fails while the publisher has named a manifest that no deployment has proved.</summary>
    public const string UnprovedCheck = "manifest-unproved";

    private readonly ManifestPolicy.ApprovedManifest? _approval = policy as ManifestPolicy.ApprovedManifest;
    private readonly ManifestRecorder _recorder = new(
        policy switch
        {
            ManifestPolicy.LatestManifest latest => latest.LogDirectory,
            ManifestPolicy.ApprovedManifest approved => approved.LogDirectory,
            ManifestPolicy.PinnedManifest => null,
            _ => throw new UnreachableException("Not a kind of manifest policy."),
        },
        time,
        approving: policy is ManifestPolicy.ApprovedManifest,
        isTestTrust);

    private volatile bool _isClosed;

    /// <summary>Whether the policy uses the published manifest.</summary>
    public bool FollowsThePublisher => policy is not ManifestPolicy.PinnedManifest;

    /// <summary>Whether the publisher has named a manifest that no deployment has proved. An earlier verification must then not be used for new
    /// sessions.</summary>
    public bool IsClosed => _isClosed;

    /// <summary>Fetches the published manifest, and records it as unproved if it is new. For pinned digests, nothing is fetched.</summary>
    /// <remarks>
    /// The answer of the publisher's host can be an error page. A deployment that proves the last adopted manifest is then still accepted, unless the publisher
    /// has named another manifest before: otherwise, an attacker who blocks the publisher could make clients accept a withdrawn deployment again.
    /// </remarks>
    /// <exception cref="PrivatemodeServiceException">The manifest cannot be fetched, and no manifest was adopted before.</exception>
    /// <exception cref="PrivatemodeVerificationException">The published manifest is not acceptable, and no manifest was adopted before; or a manifest that was
    /// named before has not been proved.</exception>
    /// <exception cref="PrivatemodeConfigurationException">The manifest log cannot be used.</exception>
    public async ValueTask<ExpectedManifest> ExpectAsync(bool async, CancellationToken cancellationToken)
    {
        if (!FollowsThePublisher)
        {
            return new ExpectedManifest(null, null, new ManifestRecord(null, PendingManifests.None, null));
        }

        (Manifest? published, PrivatemodeException? failure) = await FetchAsync(async, cancellationToken).ConfigureAwait(false);
        string? digest = published is null ? null : HexOf(published);
        ManifestRecord record = await ObserveAsync(digest, async, cancellationToken).ConfigureAwait(false);
        _isClosed = record.Pending.Unproved is not null;
        if (published is not null)
        {
            bool isRefused = record.Pending.StateOf(digest!) == PendingState.Refused;
            ExpectedManifest expected = new(published, digest, record);
            return isRefused ? AllowKept(expected) : expected;
        }

        if (record.Last is not { } last)
        {
            ExceptionDispatchInfo.Throw(failure!);
            throw failure!;
        }

        if (record.Pending.Unproved is { } unproved)
        {
            throw StillUnproved(unproved, last, failure!);
        }

        events.ManifestKept(failure!);
        return new ExpectedManifest(Manifest.Parse(last.Manifest), null, record, failure as PrivatemodeVerificationException);
    }

    /// <summary>Returns the expectation with the approved manifest as an alternative. It is used if the user refused the published manifest, and after a second
    /// fetch if the deployment did not prove the first published manifest.</summary>
    public ExpectedManifest AllowKept(ExpectedManifest expected) =>
        _approval is not null && expected.IsUnproved && expected.Record.Last is { } last ? expected with { Kept = Manifest.Parse(last.Manifest) } : expected;

    /// <summary>Returns whether the publisher now names another manifest, or one is recorded as unproved; null if the publisher does not answer or names no
    /// acceptable manifest.</summary>
    /// <exception cref="PrivatemodeConfigurationException">The manifest log cannot be used.</exception>
    public async ValueTask<bool?> HasChangedAsync(string sha256, bool async, CancellationToken cancellationToken)
    {
        (Manifest? published, _) = await FetchAsync(async, cancellationToken).ConfigureAwait(false);
        string? digest = published is null ? null : HexOf(published);
        ManifestRecord record = await ObserveAsync(digest, async, cancellationToken).ConfigureAwait(false);
        bool isClosed = record.Pending.Unproved is not null;
        if (isClosed)
        {
            // Never resolved here: this check may be older than the one that recorded it.
            _isClosed = true;
        }

        return isClosed ? true
            : digest is null ? null
            : digest != sha256 && (_approval is null || record.Pending.StateOf(digest) != PendingState.Refused);
    }

    /// <summary>Returns the manifest with which a document is verified.</summary>
    /// <exception cref="PrivatemodeVerificationException">Digests are pinned, and the deployment's manifest has none of them.</exception>
    public Manifest Select(ExpectedManifest expected, AttestationDocument document)
    {
        if (policy is ManifestPolicy.PinnedManifest pinned)
        {
            return SelectPinned(pinned.Digests, document);
        }

        bool isKept = expected.Kept is { } kept && document.Manifests.Count == 1 && document.Manifests[0].Span.SequenceEqual(kept.Raw.Span);
        return isKept ? expected.Kept! : expected.Manifest!;
    }

    /// <summary>Returns the deployment's own manifest if its digest is pinned.</summary>
    /// <exception cref="PrivatemodeVerificationException">Its digest is not pinned.</exception>
    public static Manifest SelectPinned(IReadOnlyCollection<string> pins, AttestationDocument document)
    {
        ReadOnlyMemory<byte> shown = document.Manifests.Count == 1 ? document.Manifests[0] : default;
        string digest = Convert.ToHexStringLower(SHA256.HashData(shown.Span));
        return pins.Contains(digest)
            ? Manifest.Parse(shown)
            : throw PrivatemodeVerificationException.Create(
                PinCheck,
                "The deployment's manifest is not one of the pinned manifests. Do not send anything; review the manifest before you pin it.",
                string.Join(" or ", pins),
                digest);
    }

    /// <summary>Decides about a manifest that a deployment has proved: asks the user if necessary, and records it. Sessions come after this.</summary>
    /// <exception cref="PrivatemodeVerificationException">The manifest is not approved, or another manifest is approved that has not been proved
    /// yet.</exception>
    /// <exception cref="PrivatemodeConfigurationException">The manifest cannot be recorded, so it is not used.</exception>
    public async ValueTask<ManifestDecision> AdoptAsync(ExpectedManifest expected, Manifest proved, bool async, CancellationToken cancellationToken)
    {
        if (policy is ManifestPolicy.PinnedManifest)
        {
            return new ManifestDecision(ManifestSource.Pinned, time.GetUtcNow());
        }

        ManifestRecord record = expected.Record;
        if (expected.Published is null)
        {
            return new ManifestDecision(ManifestSource.LastAdopted, record.Last!.At);
        }

        ManifestSource source = _approval is null ? ManifestSource.Published : ManifestSource.Approved;
        string digest = HexOf(proved);
        if (digest != expected.Published)
        {
            await ThrowIfApprovedAsync(expected, async, cancellationToken).ConfigureAwait(false);
        }
        else if (expected.IsUnproved)
        {
            await ThrowIfNotApprovedAsync(expected, async, cancellationToken).ConfigureAwait(false);
            (bool isNew, PendingManifests pending) =
                await _recorder.RecordAsync(proved.Raw.ToArray(), record.Pending.Unproved, async, cancellationToken).ConfigureAwait(false);
            _isClosed = pending.Unproved is not null;
            return new ManifestDecision(source, time.GetUtcNow()) { Warnings = isNew ? LogAdoption(record, digest) : [] };
        }

        await ResolvePendingAsync(record, async, cancellationToken).ConfigureAwait(false);
        if (digest == expected.Published)
        {
            return new ManifestDecision(source, record.Last!.At);
        }

        events.ManifestNotApproved(expected.Published, digest);
        string warning = $"the publisher names the manifest {expected.Published}, which you did not approve; the approved manifest {digest} is still used";
        return new ManifestDecision(source, record.Last!.At) { Unapproved = expected.Published, Warnings = [warning] };
    }

    /// <summary>Returns the sentence that tells what a failed verification means for later ones, or null.</summary>
    public static string? HintOf(ExpectedManifest expected) => expected.IsUnproved && expected.Record.Last is { } last
        ? $" The publisher names the manifest {expected.Published}, which no deployment has proved; the last adopted one is {last.Sha256}. No session " +
            "is established until the publisher names a manifest that the deployment proves. Retry later; if you know which manifest is right, pin it."
        : null;

    private async ValueTask<(Manifest? Published, PrivatemodeException? Failure)> FetchAsync(bool async, CancellationToken cancellationToken)
    {
        try
        {
            return (Manifest.Parse(await endpoint.GetAsync(Manifest.MaxSize, async, cancellationToken).ConfigureAwait(false)), null);
        }
        catch (PrivatemodeException exception) when (exception is PrivatemodeServiceException or PrivatemodeVerificationException)
        {
            return (null, exception);
        }
    }

    /// <summary>Throws if the user does not approve the published manifest, which the deployment proves.</summary>
    private async ValueTask ThrowIfNotApprovedAsync(ExpectedManifest expected, bool async, CancellationToken cancellationToken)
    {
        if (_approval is not null && await DecideAsync(expected, isProved: true, async, cancellationToken).ConfigureAwait(false) != PendingState.Approved)
        {
            throw PrivatemodeVerificationException.Create(
                ApprovalCheck,
                "The deployment proves a manifest that was not approved. No content was sent that it can read. The callback is called again only for another " +
                "manifest; to decide again, " + HowToDecideAnew,
                expected.Record.Last?.Sha256,
                expected.Published);
        }
    }

    /// <summary>Throws if the user approves the published manifest, because the deployment still proves the earlier approved one.</summary>
    private async ValueTask ThrowIfApprovedAsync(ExpectedManifest expected, bool async, CancellationToken cancellationToken)
    {
        if (await DecideAsync(expected, isProved: false, async, cancellationToken).ConfigureAwait(false) == PendingState.Approved)
        {
            throw PrivatemodeVerificationException.Create(
                UnprovedCheck,
                "You approved a manifest that the deployment does not prove yet. No session is established until it proves the approved manifest, or the " +
                "publisher names the earlier one again. Retry later.",
                expected.Published,
                expected.Record.Last!.Sha256);
        }
    }

    private async ValueTask<ManifestRecord> ObserveAsync(string? published, bool async, CancellationToken cancellationToken)
    {
        ManifestRecord record = await _recorder.ObserveAsync(published, async, cancellationToken).ConfigureAwait(false);
        if (record.Pending.HasDamagedDecisions)
        {
            events.DecisionsIgnored();
        }

        return record;
    }

    private string HowToDecideAnew => _recorder.DecisionsPath is { } path
        ? $"delete \"{path}\". Keep the other files of the log: {PendingManifests.FileName} prevents a return to a withdrawn deployment."
        : "create a new client.";

    /// <summary>Returns the user's decision about the published manifest, and calls the callback if it is not known.</summary>
    private async ValueTask<PendingState> DecideAsync(ExpectedManifest expected, bool isProved, bool async, CancellationToken cancellationToken)
    {
        ManifestRecord record = expected.Record;
        PendingState state = record.Pending.StateOf(expected.Published!);
        if (state != PendingState.Unproved)
        {
            return state;
        }

        ManifestDifference difference = ManifestDifference.Between(
            record.Last is null ? null : Manifest.Parse(record.Last.Manifest), expected.Manifest!);
        if (!difference.IsComplete && !_approval!.AsksIfChangesAreOmitted)
        {
            // Not decided. With other settings, or another current manifest, the user is asked.
            events.ManifestNotShown(difference.After, difference.Omitted);
            return PendingState.Refused;
        }

        // With ReadOnlyMemory<byte>, null would be converted as a null array, to an empty memory.
        ReadOnlyMemory<byte>? current = record.Last is { } last ? new ReadOnlyMemory<byte>?(last.Manifest) : null;
        ManifestUpdate update = new(difference, current, expected.Manifest!.Raw, isProved, record.EarlierAt);
        bool isApproved = await RequestApprovalAsync(update, async, cancellationToken).ConfigureAwait(false);
        state = isApproved ? PendingState.Approved : PendingState.Refused;
        if (!isApproved || !isProved)
        {
            _ = await _recorder.ChangeAsync(pending => pending.Decide(expected.Published!, state, time.GetUtcNow()), async, cancellationToken)
                .ConfigureAwait(false);
        }

        return state;
    }

    private async ValueTask<bool> RequestApprovalAsync(ManifestUpdate update, bool async, CancellationToken cancellationToken)
    {
        ReceiptScope.BeginApproval();
        try
        {
            return async
                ? await _approval!.Ask(update, cancellationToken).ConfigureAwait(false)
                : _approval!.Ask(update, cancellationToken).AsTask().GetAwaiter().GetResult();
        }
        catch (Exception exception) when (UserCallback.MarkThrown(exception))
        {
            throw;
        }
    }

    private async ValueTask ResolvePendingAsync(ManifestRecord record, bool async, CancellationToken cancellationToken)
    {
        if (record.Pending.Unproved is { } seen)
        {
            PendingManifests now = await _recorder.ChangeAsync(pending => pending.Resolve(seen, null), async, cancellationToken).ConfigureAwait(false);
            _isClosed = now.Unproved is not null;
        }
    }

    /// <summary>Logs an adoption, and returns the warnings for the report.</summary>
    private string[] LogAdoption(ManifestRecord record, string digest)
    {
        events.ManifestAdopted(record.Last?.Sha256, digest);
        if (record.EarlierAt is not { } earlier)
        {
            return [];
        }

        events.ManifestReturned(digest, earlier);
        string last = record.Last is null ? "" : $"; the last one was {record.Last.Sha256}";
        return [$"the deployment returned to a manifest adopted earlier, at {PrintableText.Utc(earlier)}{last}"];
    }

    private static PrivatemodeVerificationException StillUnproved(PendingManifest unproved, RecordedManifest last, PrivatemodeException failure) =>
        PrivatemodeVerificationException.Create(
            UnprovedCheck,
            $"At {PrintableText.Utc(unproved.NamedAt)}, the publisher named a manifest that no deployment has proved, and what it names now cannot be used: " +
            $"{ErrorNames.Of(failure)}. No session is established with the manifest adopted before until the publisher names a manifest that the deployment " +
            "proves. Retry when the publisher can be reached; if you know which manifest is right, pin it.",
            unproved.Sha256,
            last.Sha256);

    private static string HexOf(Manifest manifest) => Convert.ToHexStringLower(manifest.Digest.Span);
}

/// <summary>The manifest that a deployment must prove, before anything is known about the deployment.</summary>
/// <param name="Manifest">The manifest that the publisher names, or the last adopted one if it names none; null if digests are pinned.</param>
/// <param name="Published">SHA-256 of the manifest that the publisher names; null if it names none or was not requested.</param>
/// <param name="Refused">The problem of the published manifest, if the last adopted one is used instead.</param>
internal sealed record ExpectedManifest(
    Manifest? Manifest, string? Published, ManifestRecord Record, PrivatemodeVerificationException? Refused = null)
{
    /// <summary>The approved manifest, which a deployment can still prove while the user does not approve the published one.</summary>
    public Manifest? Kept { get; init; }

    /// <summary>Whether the publisher names a manifest that is not the last adopted one and therefore has not been proved.</summary>
    public bool IsUnproved => Published is not null && Published != Record.Last?.Sha256;
}

/// <summary>The decision to accept a proved manifest, with its reason.</summary>
/// <param name="AdoptedAt">The time at which the manifest was adopted.</param>
internal sealed record ManifestDecision(ManifestSource Source, DateTimeOffset AdoptedAt)
{
    /// <summary>SHA-256 of the published manifest that the user does not approve; null if no manifest waits for approval.</summary>
    public string? Unapproved { get; init; }

    /// <summary>The warnings for the report.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}
