using Privatemode.AI.Internal;

namespace Privatemode.AI;

/// <summary>Specifies which manifest a deployment must have, and thereby which code may see prompts.</summary>
/// <remarks>
/// Manifests are not signed. <see cref="Latest"/> trusts their publisher; <c>Pinned</c> and <see cref="RequireApproval"/> trust only you. A deployment proves a
/// manifest if its verified evidence is bound to exactly this manifest: the signed report data is a hash that includes it. A manifest is adopted after a
/// deployment proved it and, with <see cref="RequireApproval"/>, after you approved it. It is recorded before keys are exchanged with that deployment. The
/// repository's <c>docs/manifests.md</c> describes every state and what ends it.
/// </remarks>
public abstract class ManifestPolicy
{
    private protected ManifestPolicy()
    {
    }

    /// <summary>Returns the policy that accepts the manifest that the service publishes. This is the default.</summary>
    /// <param name="logDirectory">The directory of the adopted manifests and their log, see <see cref="ManifestLog"/>, or <see langword="null"/> to keep the
    /// adopted manifest in memory only. Several processes can share the directory.</param>
    /// <returns>The policy.</returns>
    /// <remarks>
    /// <para>Privatemode's own proxy uses the same policy. While the publisher is unavailable, or its response is not an acceptable manifest, the last adopted
    /// manifest is still accepted if the deployment proves it. Once the publisher has named another manifest, no session is established until it names one
    /// that the deployment proves; with a log, a restart does not change that.</para>
    /// <para>With <see cref="InsecureLoopbackTrust"/>, the log is in the subdirectory <see cref="ManifestLog.InsecureLoopbackDirectoryName"/>.</para>
    /// </remarks>
    public static ManifestPolicy Latest(string? logDirectory = null) => new LatestManifest(logDirectory);

    /// <summary>Returns the policy that accepts only manifests with one of the specified digests.</summary>
    /// <param name="sha256">The SHA-256 digest of each manifest file, 64 hexadecimal digits.</param>
    /// <returns>The policy.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="sha256"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">There is no digest, or one is not 64 hexadecimal digits.</exception>
    public static ManifestPolicy Pinned(params string[] sha256)
    {
        ArgumentNullException.ThrowIfNull(sha256);
        if (sha256.Length == 0 || !sha256.All(MemberNames.IsSha256))
        {
            throw new ArgumentException("Pass one or more SHA-256 digests of 64 hexadecimal digits.", nameof(sha256));
        }

        return new PinnedManifest(sha256.Select(digest => digest.ToLowerInvariant()).ToHashSet(StringComparer.Ordinal));
    }

    /// <summary>Returns the policy that accepts only the specified manifest.</summary>
    /// <param name="manifest">The exact bytes of the manifest file.</param>
    /// <returns>The policy.</returns>
    /// <exception cref="ArgumentException"><paramref name="manifest"/> is empty.</exception>
    public static ManifestPolicy Pinned(ReadOnlyMemory<byte> manifest) => manifest.IsEmpty
        ? throw new ArgumentException("The manifest is empty.", nameof(manifest))
        : new PinnedManifest([Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(manifest.Span))]);

    /// <summary>Returns the policy that asks your callback to approve each manifest that is not the last approved one.</summary>
    /// <param name="approve">
    /// Returns <see langword="true"/> to adopt the manifest. Each client calls it for one manifest at a time, after the deployment proved this manifest or the
    /// current one, and before keys are exchanged. The token is canceled when the client is disposed or the caller cancels
    /// <see cref="PrivatemodeClient.VerifyAsync"/>, but not when a call that waits for the decision is canceled. The callback must not use a client that
    /// waits for its decision. Calls that wait for the decision rethrow exceptions of the callback; a synchronous call blocks its thread until then.
    /// </param>
    /// <param name="logDirectory">
    /// The directory of the log; see <see cref="Latest"/>. Only approved entries are used. Write access to the directory is enough to approve a manifest.
    /// If it is <see langword="null"/>, every new client calls the callback for the first manifest.
    /// </param>
    /// <param name="askIfChangesAreOmitted">
    /// <see langword="true"/> to call the callback also if the manifest differs in more than <see cref="ManifestUpdate.Changes"/> can show. Compare
    /// <see cref="ManifestUpdate.CurrentManifest"/> and <see cref="ManifestUpdate.NewManifest"/> yourself if <see cref="ManifestUpdate.HasOmittedChanges"/> is
    /// <see langword="true"/>.
    /// </param>
    /// <returns>The policy.</returns>
    /// <remarks>
    /// <para>If you refuse a manifest, the approved one is still accepted while the deployment proves it;
    /// <see cref="VerifiedDeployment.UnapprovedManifestSha256"/>, the health check and the log report the refused one. The callback is not
    /// called again for a manifest that you decided about, as long as it is among the seven that you decided about last. If the publisher returns to a
    /// manifest that was adopted earlier, the callback is called again. To decide again, delete <c>decisions.txt</c> in the directory of the log, or create
    /// a new client if there is no log. Do not delete <c>pending.txt</c>: it prevents a return to a deployment that was withdrawn.</para>
    /// <para>A manifest that differs in more than can be shown is refused without a call, unless <paramref name="askIfChangesAreOmitted"/> is
    /// <see langword="true"/>.</para>
    /// </remarks>
    /// <exception cref="ArgumentNullException"><paramref name="approve"/> is <see langword="null"/>.</exception>
    public static ManifestPolicy RequireApproval(
        Func<ManifestUpdate, CancellationToken, ValueTask<bool>> approve, string? logDirectory = null, bool askIfChangesAreOmitted = false)
    {
        ArgumentNullException.ThrowIfNull(approve);
        return new ApprovedManifest(approve, logDirectory, askIfChangesAreOmitted);
    }

    /// <summary>Whether both policies accept the same manifests and keep the same log. Callbacks cannot be compared.</summary>
    internal bool IsSame(ManifestPolicy? other) => (this, other) switch
    {
        (LatestManifest one, LatestManifest another) => one.LogDirectory == another.LogDirectory,
        (PinnedManifest one, PinnedManifest another) => one.Digests.ToHashSet(StringComparer.Ordinal).SetEquals(another.Digests),
        _ => ReferenceEquals(this, other),
    };

    internal sealed class LatestManifest(string? logDirectory) : ManifestPolicy
    {
        public string? LogDirectory => logDirectory;
    }

    internal sealed class PinnedManifest(IReadOnlyCollection<string> digests) : ManifestPolicy
    {
        /// <summary>Lower-case hexadecimal.</summary>
        public IReadOnlyCollection<string> Digests => digests;
    }

    internal sealed class ApprovedManifest(
        Func<ManifestUpdate, CancellationToken, ValueTask<bool>> approve, string? logDirectory, bool asksIfChangesAreOmitted) : ManifestPolicy
    {
        public bool AsksIfChangesAreOmitted => asksIfChangesAreOmitted;

        public Func<ManifestUpdate, CancellationToken, ValueTask<bool>> Ask => approve;

        public string? LogDirectory => logDirectory;
    }
}
