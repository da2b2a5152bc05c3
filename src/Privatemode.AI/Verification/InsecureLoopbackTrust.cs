using Privatemode.AI.Internal;

namespace Privatemode.AI;

/// <summary>Specifies the root keys and addresses of a local test deployment. This is insecure outside of tests.</summary>
/// <remarks>The keys under these roots are public, so anyone can forge evidence that is accepted with them. They are accepted only for an endpoint that is a
/// loopback address, which is checked again when a connection is made. Evidence is still verified; only the root keys and the addresses of collateral and
/// manifest differ.</remarks>
public sealed class InsecureLoopbackTrust
{
    /// <summary>Gets the digests of the root keys that replace those of AMD, for each product line.</summary>
    /// <value>The SHA-256 digest of each root's SubjectPublicKeyInfo, 64 hexadecimal digits. The values are copied.</value>
    /// <exception cref="ArgumentNullException">The value or a digest is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">A digest is not 64 hexadecimal digits.</exception>
    public required IReadOnlyDictionary<AmdProduct, string> AmdRootKeySha256
    {
        get;
        init
        {
            ArgumentNullException.ThrowIfNull(value);
            field = value.ToDictionary(entry => entry.Key, entry => ValidDigest(entry.Value));
        }
    }

    /// <summary>Gets the digest of the root key that replaces that of Intel.</summary>
    /// <value>The SHA-256 digest of the root's SubjectPublicKeyInfo, 64 hexadecimal digits.</value>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">The value is not 64 hexadecimal digits.</exception>
    public required string IntelRootKeySha256
    {
        get;
        init => field = ValidDigest(value);
    }

    /// <summary>Gets the base address that replaces the addresses of AMD's and Intel's services.</summary>
    /// <value>A loopback address, http or https.</value>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">The value is not a loopback address.</exception>
    public required Uri CollateralEndpoint
    {
        get;
        init => field = ValidAddress(value);
    }

    /// <summary>Gets the address of the manifest that the test deployment publishes.</summary>
    /// <value>A loopback address, http or https.</value>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">The value is not a loopback address.</exception>
    public required Uri ManifestEndpoint
    {
        get;
        init => field = ValidAddress(value);
    }

    /// <summary>Separates the cached files of this test deployment from all others: another deployment may have used the same port before.</summary>
    internal string Scope { get; } = $"loopback {Guid.NewGuid()} ";

    private static string ValidDigest(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return MemberNames.IsSha256(value)
            ? value.ToLowerInvariant()
            : throw new ArgumentException("The digest of a root key must have 64 hexadecimal digits.", nameof(value));
    }

    private static Uri ValidAddress(Uri value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return value.IsAbsoluteUri && value.IsLoopback && (value.Scheme == Uri.UriSchemeHttp || value.Scheme == Uri.UriSchemeHttps)
            ? value
            : throw new ArgumentException("The address must be a loopback address, http or https.", nameof(value));
    }
}
