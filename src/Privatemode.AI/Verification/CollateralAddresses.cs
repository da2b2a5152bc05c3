namespace Privatemode.AI.Verification;

/// <summary>Where collateral is fetched from. A configured endpoint replaces all three hosts; paths and queries stay the same.</summary>
/// <param name="Amd">AMD's key distribution service.</param>
/// <param name="Intel">Intel's provisioning certification service.</param>
/// <param name="IntelCertificates">Intel's certificate server.</param>
internal sealed record CollateralAddresses(Uri Amd, Uri Intel, Uri IntelCertificates)
{
    public static CollateralAddresses Vendors { get; } = new(
        new Uri("https://kdsintf.amd.com"),
        new Uri("https://api.trustedservices.intel.com"),
        new Uri("https://certificates.trustedservices.intel.com"));

    public static CollateralAddresses At(Uri endpoint) => new(endpoint, endpoint, endpoint);

    /// <summary>An address at a base, whose own path stays in front.</summary>
    public static Uri Of(Uri baseAddress, string pathAndQuery) => new(baseAddress.GetLeftPart(UriPartial.Path).TrimEnd('/') + pathAndQuery);
}
