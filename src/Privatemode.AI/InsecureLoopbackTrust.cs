namespace Privatemode.AI;

/// <summary>
/// INSECURE outside of tests: makes evidence count that anybody can forge, because the keys under these roots are public. Accepted only when the
/// endpoint is a loopback address, checked again when a connection is made.
/// </summary>
/// <remarks>Evidence is verified all the same; only the roots, and the places where collateral and manifest come from, are others.</remarks>
public sealed class InsecureLoopbackTrust
{
    /// <summary>Trusts other roots than the vendors'.</summary>
    /// <param name="amdRootKeys">SHA-256 of the root's SubjectPublicKeyInfo, 64 hexadecimal digits, by product line (<c>Milan</c>, <c>Genoa</c>,
    /// <c>Turin</c>).</param>
    /// <param name="intelRootKey">The same of the root that stands in for Intel's.</param>
    /// <param name="collateral">Base address of what stands in for AMD's and Intel's services; loopback.</param>
    /// <param name="manifest">Address of the manifest; loopback.</param>
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
            throw new ArgumentException("A root key is named by 64 hexadecimal digits.", name);
        }
    }

    private static void DemandLoopback(Uri address, string name)
    {
        ArgumentNullException.ThrowIfNull(address, name);
        if (!address.IsAbsoluteUri || !address.IsLoopback || (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps))
        {
            throw new ArgumentException("Only a loopback address can stand in for a vendor.", name);
        }
    }
}
