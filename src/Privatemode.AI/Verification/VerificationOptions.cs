using Microsoft.Extensions.Caching.Distributed;

namespace Privatemode.AI;

/// <summary>Provides the options for verifying the deployment. See <see cref="PrivatemodeOptions.Verification"/>.</summary>
public sealed class VerificationOptions
{
    internal static readonly ManifestPolicy DefaultManifest = ManifestPolicy.Latest();
    internal static readonly TimeSpan DefaultLifetime = TimeSpan.FromHours(24);

    /// <summary>Gets or sets the policy that decides which manifest the deployment must have.</summary>
    /// <value>The default is <see cref="ManifestPolicy.Latest"/> without a manifest log on disk.</value>
    public ManifestPolicy Manifest { get; set; } = DefaultManifest;

    /// <summary>Gets or sets the requirements for the hardware beyond those of the manifest.</summary>
    /// <value>The default is <see cref="HardwarePolicy.Default"/>.</value>
    public HardwarePolicy Hardware { get; set; } = HardwarePolicy.Default;

    /// <summary>Gets or sets the time for which a successful verification is valid.</summary>
    /// <value>From 5 minutes to 24 hours. The default is 24 hours.</value>
    /// <remarks>A verification is valid for less time if its collateral expires earlier. While the client is in use, the verification is renewed in the
    /// background before it expires.</remarks>
    public TimeSpan Lifetime { get; set; } = DefaultLifetime;

    /// <summary>Gets or sets the policy that specifies which revocation states of the service's GPUs are accepted.</summary>
    /// <value>The default is <see cref="GpuRevocationPolicy.Strict"/>.</value>
    public GpuRevocationPolicy GpuRevocation { get; set; } = GpuRevocationPolicy.Strict;

    /// <summary>Gets or sets the directory in which collateral from AMD and Intel is stored.</summary>
    /// <value>The default is <see langword="null"/>: collateral is kept in memory, and in <see cref="CollateralCache"/> if that is set.</value>
    /// <remarks>With a directory, a verification for which all collateral documents are stored and still valid also succeeds while the services of AMD and
    /// Intel are unavailable, and a new process does not accept an older document than the previous process did. The directory is created if it does not exist.
    /// If it cannot be used, no exception is thrown, and documents are downloaded again. Several processes can share the directory. Only authentic documents
    /// are stored, at most 256; they are deleted when they are no longer valid.</remarks>
    public string? CollateralDirectory { get; set; }

    /// <summary>Gets or sets a cache of the application in which collateral from AMD and Intel is stored.</summary>
    /// <value>The default is <see langword="null"/>: no cache is used.</value>
    /// <remarks>If <see cref="CollateralDirectory"/> is set too, both are read, the newest document is used, and documents are stored in both. A cache that
    /// throws an exception or does not answer within 2 seconds is ignored.</remarks>
    public IDistributedCache? CollateralCache { get; set; }

    /// <summary>Gets or sets the base address that replaces the addresses of AMD's and Intel's services, such as that of a mirror in your network.</summary>
    /// <value>An https address without a query; http is accepted for loopback only. The default is <see langword="null"/>: the services of AMD and Intel
    /// are used directly.</value>
    /// <remarks>Paths and queries are those of the services of AMD and Intel. For a proxy that forwards connections, set
    /// <see cref="TransportOptions.HttpMessageHandler"/> instead.</remarks>
    public Uri? CollateralEndpoint { get; set; }

    /// <summary>Gets or sets a callback that receives the result of each successful verification, for example to save its evidence.</summary>
    /// <value>The default is <see langword="null"/>: no callback.</value>
    /// <remarks>
    /// <para>The callback is called after the manifest was adopted and before the verification is used: keys are exchanged with the deployment, and content is
    /// sent, only after the callback has completed. It is also called when the client renews a verification in the background. Each client calls it for one
    /// verification at a time, and calls that need the verification wait. Several clients with the same options can call it at the same time.</para>
    /// <para>If the callback throws, the verification is not used: calls that wait for it rethrow the exception, and the next call verifies the deployment
    /// again. An earlier verification is used until it is no longer valid, unless the deployment has proved another manifest.</para>
    /// <para>The token is canceled when the client is disposed or the caller cancels <see cref="PrivatemodeClient.VerifyAsync"/>, but not when a call that
    /// waits is canceled. The callback must not use a client that waits for it. A synchronous call blocks its thread until the callback has
    /// completed.</para>
    /// </remarks>
    public Func<VerifiedDeployment, CancellationToken, ValueTask>? OnVerified { get; set; }

    /// <summary>Gets or sets a value that indicates whether a secret service whose certificate has no DNS names is accepted. This is insecure.</summary>
    /// <value>The default is <see langword="false"/>: the certificate must have a name that the manifest gives to the secret service and to no other
    /// workload.</value>
    /// <remarks>If it is <see langword="true"/>, nothing distinguishes the secret service from another workload without names, such as one that runs a
    /// model.</remarks>
    public bool DangerousAcceptAnyUnnamedWorkloadAsSecretService { get; set; }

    /// <summary>Gets or sets the roots of a local test deployment, used instead of those of AMD and Intel. This is insecure outside of tests.</summary>
    /// <value>The default is <see langword="null"/>: the roots of AMD and Intel. Other roots are accepted only for a loopback
    /// <see cref="PrivatemodeOptions.Endpoint"/>, and with <see cref="TransportOptions.HttpMessageHandler"/> only if
    /// <see cref="TransportOptions.InsecureAcceptAnyHandlerOnLoopback"/> is set.</value>
    public InsecureLoopbackTrust? InsecureLoopbackTrust { get; set; }

    /// <summary>The manifest policy of the configuration, with the name of the setting; null if the configuration has none, or an invalid one.</summary>
    internal (string Setting, ManifestPolicy Policy)? Configured { get; set; }

    internal VerificationOptions Clone() => (VerificationOptions)MemberwiseClone();
}
