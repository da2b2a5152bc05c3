using Privatemode.AI.Verification;

namespace Privatemode.AI.Tests.Verification;

/// <summary>Test roots and hardware rules say at once what is wrong with them.</summary>
public sealed class InsecureLoopbackTrustTests
{
    private const string Masked = // 128 zeros
        "0000000000000000000000000000000000000000000000000000000000000000" + "0000000000000000000000000000000000000000000000000000000000000000";

    private static readonly string Key = new('a', 64);
    private static readonly Uri Local = new("http://127.0.0.1:5");

    [Theory]
    [InlineData("https://kdsintf.amd.com")]
    [InlineData("http://127.0.0.1.example.com")]
    [InlineData("file:///etc/hosts")]
    [InlineData("ftp://localhost/x")]
    public void Create_AddressIsNotLoopbackHttp_IsRefused(string address)
    {
        Uri other = new(address);
        Assert.Throws<ArgumentException>(() => Trust(collateral: other));
        Assert.Throws<ArgumentException>(() => Trust(manifest: other));
    }

    [Fact]
    public void Create_AddressIsRelative_IsRefused() => Assert.Throws<ArgumentException>(() => Trust(collateral: new Uri("/x", UriKind.Relative)));

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("gaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public void Create_KeyIsNone_IsRefused(string key)
    {
        Assert.Throws<ArgumentException>(() => Trust(intel: key));
        Assert.Throws<ArgumentException>(() => Trust(amd: new() { [AmdProduct.Milan] = key }));
    }

    [Fact]
    public void Create_ValueIsNull_IsRefused()
    {
        InsecureLoopbackTrust valid = Trust();
        Assert.Throws<ArgumentNullException>(() => new InsecureLoopbackTrust
        {
            AmdRootKeySha256 = null!,
            IntelRootKeySha256 = Key,
            CollateralEndpoint = valid.CollateralEndpoint,
            ManifestEndpoint = valid.ManifestEndpoint,
        });
        Assert.Throws<ArgumentNullException>(() => Trust(amd: new() { [AmdProduct.Milan] = null! }));
    }

    [Fact]
    public void Create_DictionaryIsChangedAfterwards_KeepsItsDigests()
    {
        Dictionary<AmdProduct, string> digests = new() { [AmdProduct.Milan] = Key.ToUpperInvariant() };
        InsecureLoopbackTrust trust = Trust(amd: digests);

        digests.Clear();

        Assert.Equal(Key, trust.AmdRootKeySha256[AmdProduct.Milan]);
    }

    [Fact]
    public void TrustAnchors_UnknownProduct_IsRefused() =>
        Assert.Throws<PrivatemodeConfigurationException>(() => VerificationSettings.Of(Trust(amd: new() { [new("Naples")] = Key })));

    [Theory]
    [InlineData("SevSnp")]
    [InlineData("tdx")]
    [InlineData(" TDX")]
    [InlineData(null)]
    public void Hardware_TechnologyIsNone_IsRefused(string? tee)
    {
        PrivatemodeConfigurationException exception = Assert.Throws<PrivatemodeConfigurationException>(
            () => VerificationSettings.OptionsOf(new HardwarePolicy { AllowedTees = [TeeKind.SevSnp, tee is null ? default : new TeeKind(tee)] }));
        Assert.Equal("Verification.Hardware", exception.Setting);
        Assert.StartsWith("Verification.Hardware.AllowedTees contains", exception.Message, StringComparison.Ordinal);
        Assert.EndsWith("Use SEV-SNP or TDX.", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1")]
    [InlineData("milan")]
    [InlineData(" Milan")]
    [InlineData("Milan,Genoa")]
    [InlineData(null)]
    public void Hardware_ProductIsNone_IsRefused(string? product)
    {
        PrivatemodeConfigurationException exception = Assert.Throws<PrivatemodeConfigurationException>(
            () => VerificationSettings.OptionsOf(new HardwarePolicy { AllowedAmdProducts = [product is null ? default : new AmdProduct(product)] }));
        Assert.Equal("Verification.Hardware", exception.Setting);
        Assert.EndsWith("Use Milan, Genoa, Turin.", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData(Masked)]
    [InlineData(null)]
    public void Hardware_ChipIsNone_IsRefused(string? chip) => Assert.Equal("Verification.Hardware", Assert.Throws<PrivatemodeConfigurationException>(
        () => VerificationSettings.OptionsOf(new HardwarePolicy { AllowedAmdChipIds = [chip!] })).Setting);

    [Fact]
    public void CollateralEndpoint_NeitherHttpsNorLocalHttp_IsRefused()
    {
        foreach (string proxy in (string[])["http://proxy.example", "file:///x", "ftp://localhost", "https://proxy.example/?a=b", "https://me@proxy.example"])
        {
            Assert.Equal("Verification.CollateralEndpoint", Assert.Throws<PrivatemodeConfigurationException>(
                () => new PrivatemodeClient(new PrivatemodeOptions { ApiKey = "key", Verification = { CollateralEndpoint = new Uri(proxy) } })).Setting);
        }

        foreach (string proxy in (string[])["http://localhost:5/amd", "https://proxy.example/base"])
        {
            new PrivatemodeClient(new PrivatemodeOptions { ApiKey = "key", Verification = { CollateralEndpoint = new Uri(proxy) } }).Dispose();
        }
    }

    private static InsecureLoopbackTrust Trust(
        Dictionary<AmdProduct, string>? amd = null, string? intel = null, Uri? collateral = null, Uri? manifest = null)
    {
        return new InsecureLoopbackTrust
        {
            AmdRootKeySha256 = amd ?? new() { [AmdProduct.Milan] = Key },
            IntelRootKeySha256 = intel ?? Key,
            CollateralEndpoint = collateral ?? Local,
            ManifestEndpoint = manifest ?? Local,
        };
    }
}
