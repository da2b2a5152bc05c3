namespace Privatemode.AI;

/// <summary>Provides the roots and addresses of a local test deployment. This is insecure outside of tests.</summary>
/// <remarks>The keys under these roots are public, so anybody can forge evidence that is accepted with them. They are accepted only for an endpoint that is a
/// loopback address, which is checked again when a connection is made. Evidence is still verified; only the roots, and the addresses of collateral and
/// manifest, are different.</remarks>
public sealed class InsecureLoopbackTrust
{
    /// <summary>Initializes a new instance of the <see cref="InsecureLoopbackTrust"/> class.</summary>
    /// <param name="amdRootKeys">The SHA-256 digest of the SubjectPublicKeyInfo of each root that replaces AMD's, 64 hexadecimal digits, by product line
    /// (<c>Milan</c>, <c>Genoa</c>, <c>Turin</c>).</param>
    /// <param name="intelRootKey">The digest of the root that replaces Intel's.</param>
    /// <param name="collateral">The base address that replaces AMD's and Intel's services. It must be loopback.</param>
    /// <param name="manifest">The address of the manifest. It must be loopback.</param>
    /// <exception cref="ArgumentNullException">An argument is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">A key is not 64 hexadecimal digits, or an address is not loopback.</exception>
    public InsecureLoopbackTrust(IReadOnlyDictionary<AmdProduct, string> amdRootKeys, string intelRootKey, Uri collateral, Uri manifest)
    {
        ArgumentNullException.ThrowIfNull(amdRootKeys);
        DemandKey(intelRootKey, nameof(intelRootKey));
        foreach (string key in amdRootKeys.Values)
        {
            DemandKey(key, nameof(amdRootKeys));
        }

        DemandLoopback(collateral, nameof(collateral));
        DemandLoopback(manifest, nameof(manifest));
        AmdRootKeys = amdRootKeys.ToDictionary(entry => entry.Key, entry => entry.Value.ToLowerInvariant());
        IntelRootKey = Convert.FromHexString(intelRootKey);
        Collateral = collateral;
        Manifest = manifest;
    }

    internal IReadOnlyDictionary<AmdProduct, string> AmdRootKeys { get; }

    internal byte[] IntelRootKey { get; }

    internal Uri Collateral { get; }

    internal Uri Manifest { get; }

    /// <summary>Keeps what this world of trust has in memory apart from every other's: a port may have been another deployment's before.</summary>
    internal string Scope { get; } = $"loopback {Guid.NewGuid()} ";

    private static void DemandKey(string key, string name)
    {
        ArgumentNullException.ThrowIfNull(key, name);
        if (key.Length != 64 || !key.All(char.IsAsciiHexDigit))
        {
            throw new ArgumentException("The digest of a root key has 64 hexadecimal digits.", name);
        }
    }

    private static void DemandLoopback(Uri address, string name)
    {
        ArgumentNullException.ThrowIfNull(address, name);
        if (!address.IsAbsoluteUri || !address.IsLoopback || (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps))
        {
            throw new ArgumentException("The address must be a loopback address, http or https.", name);
        }
    }
}
