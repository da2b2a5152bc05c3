namespace Privatemode.AI;

/// <summary>Which manifest a deployment must have: who decides which code may see prompts.</summary>
/// <remarks>
/// Manifests are not signed. <see cref="Latest"/> trusts whoever publishes them; <c>Pinned</c> and <c>Approve</c> trust only you. A manifest is adopted
/// after a deployment proved it and, with <c>Approve</c>, after you approved it; it is recorded before keys are exchanged with that deployment. The
/// repository's <c>docs/manifests.md</c> describes every state and what ends it.
/// </remarks>
public abstract class ManifestPolicy
{
    private protected ManifestPolicy()
    {
    }

    /// <summary>Takes whatever manifest the service publishes, as its own proxy does. The default.</summary>
    /// <param name="adoptionLog">
    /// Directory for the adopted manifests and a log of them, see <see cref="ManifestLog"/>; several processes may share it. Null: kept in
    /// memory only.
    /// </param>
    /// <returns>The policy.</returns>
    /// <remarks>
    /// While the publisher is away, or answers something that is no acceptable manifest, the last adopted one goes on counting if the deployment
    /// still proves it. Once the publisher has named another manifest, no session is established until it names one that the deployment proves; with a
    /// log, a restart does not change that. With <see cref="InsecureLoopbackTrust"/> the log is in a subdirectory,
    /// <see cref="ManifestLog.InsecureLoopbackDirectoryName"/>.
    /// </remarks>
    public static ManifestPolicy Latest(string? adoptionLog = null) => new LatestManifest(adoptionLog);

    /// <summary>Takes only manifests with one of these digests.</summary>
    /// <param name="sha256">SHA-256 of each manifest file, 64 hexadecimal digits.</param>
    /// <returns>The policy.</returns>
    /// <exception cref="ArgumentException">There is none, or one is not 64 hexadecimal digits.</exception>
    public static ManifestPolicy Pinned(params string[] sha256)
    {
        ArgumentNullException.ThrowIfNull(sha256);
        if (sha256.Length == 0 || !sha256.All(IsDigest))
        {
            throw new ArgumentException("Give one or more SHA-256 digests of 64 hexadecimal digits.", nameof(sha256));
        }

        return new PinnedManifest(sha256.Select(digest => digest.ToLowerInvariant()).ToHashSet(StringComparer.Ordinal));
    }

    /// <summary>Takes only this manifest.</summary>
    /// <param name="manifest">The exact bytes of the file.</param>
    /// <returns>The policy.</returns>
    /// <exception cref="ArgumentException">It is empty.</exception>
    public static ManifestPolicy Pinned(ReadOnlyMemory<byte> manifest) => manifest.IsEmpty
        ? throw new ArgumentException("The manifest is empty.", nameof(manifest))
        : new PinnedManifest([Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(manifest.Span))]);

    /// <summary>Asks you about every manifest that is not the last adopted one.</summary>
    /// <param name="approve">
    /// Returns true to adopt the manifest. Called by one thread at a time, after a deployment proved the manifest or the current one, and before
    /// keys are exchanged. It must not use a client that waits for its decision; a synchronous call blocks its thread meanwhile. What it throws, the
    /// calls throw that wait for it.
    /// </param>
    /// <param name="adoptionLog">
    /// See <see cref="Latest"/>; only entries that were approved count. Whoever can write the directory can approve. Without it the first manifest of
    /// every process is asked about.
    /// </param>
    /// <param name="askIfChangesAreOmitted">
    /// Whether you are also asked when the manifest differs in more than <see cref="ManifestUpdate.Changes"/> can show; compare the files yourself when
    /// <see cref="ManifestUpdate.HasOmittedChanges"/> is <see langword="true"/>.
    /// </param>
    /// <returns>The policy.</returns>
    /// <remarks>
    /// When you refuse a manifest, the approved one goes on counting while the deployment proves it, and
    /// <see cref="VerifiedDeployment.UnapprovedManifestSha256"/>, the health check and the log say so. You are asked once about each manifest; to decide
    /// anew, delete <c>pending.txt</c> in the log's directory, or without a log create a new client. A manifest that differs in more than can be shown
    /// is refused without a question, unless <paramref name="askIfChangesAreOmitted"/> is <see langword="true"/>.
    /// </remarks>
    /// <exception cref="ArgumentNullException"><paramref name="approve"/> is <see langword="null"/>.</exception>
    public static ManifestPolicy Approve(
        Func<ManifestUpdate, CancellationToken, ValueTask<bool>> approve, string? adoptionLog = null, bool askIfChangesAreOmitted = false)
    {
        ArgumentNullException.ThrowIfNull(approve);
        return new ApprovedManifest(approve, adoptionLog, askIfChangesAreOmitted);
    }

    private static bool IsDigest(string? text) => text is { Length: 64 } && text.All(char.IsAsciiHexDigit);

    internal sealed class LatestManifest(string? adoptionLog) : ManifestPolicy
    {
        public string? AdoptionLog => adoptionLog;
    }

    internal sealed class PinnedManifest(IReadOnlyCollection<string> digests) : ManifestPolicy
    {
        /// <summary>Lower-case hexadecimal.</summary>
        public IReadOnlyCollection<string> Digests => digests;
    }

    internal sealed class ApprovedManifest(
        Func<ManifestUpdate, CancellationToken, ValueTask<bool>> approve, string? adoptionLog, bool asksIfChangesAreOmitted) : ManifestPolicy
    {
        public bool AsksIfChangesAreOmitted => asksIfChangesAreOmitted;

        public Func<ManifestUpdate, CancellationToken, ValueTask<bool>> Ask => approve;

        public string? AdoptionLog => adoptionLog;
    }
}
