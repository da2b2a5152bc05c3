using Privatemode.AI.Sessions;

namespace Privatemode.AI.Tests;

/// <summary>Test trust and hardware rules say at once what is wrong with them.</summary>
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
        Assert.Throws<ArgumentException>(() => new InsecureLoopbackTrust(Roots(), Key, other, Local));
        Assert.Throws<ArgumentException>(() => new InsecureLoopbackTrust(Roots(), Key, Local, other));
    }

    [Fact]
    public void Create_AddressIsRelative_IsRefused() =>
        Assert.Throws<ArgumentException>(() => new InsecureLoopbackTrust(Roots(), Key, new Uri("/x", UriKind.Relative), Local));

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("gaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public void Create_KeyIsNone_IsRefused(string key)
    {
        Assert.Throws<ArgumentException>(() => new InsecureLoopbackTrust(Roots(), key, Local, Local));
        Assert.Throws<ArgumentException>(() => new InsecureLoopbackTrust(new Dictionary<string, string> { ["Milan"] = key }, Key, Local, Local));
    }

    [Fact]
    public void TrustAnchors_UnknownProduct_IsRefused() => Assert.Throws<PrivatemodeConfigurationException>(() => TrustAnchors.Of(
        new InsecureLoopbackTrust(new Dictionary<string, string> { ["Naples"] = Key }, Key, Local, Local)));

    [Theory]
    [InlineData("SevSnp")]
    [InlineData("tdx")]
    [InlineData("")]
    [InlineData(null)]
    public void Hardware_TechnologyIsNone_IsRefused(string? tee) => Assert.Equal("Verification.Hardware", Assert.Throws<PrivatemodeConfigurationException>(
        () => TrustAnchors.OptionsOf(new HardwarePolicy { Tees = [tee!] })).Setting);

    [Theory]
    [InlineData("1")]
    [InlineData("milan")]
    [InlineData(" Milan")]
    [InlineData("Milan,Genoa")]
    [InlineData("")]
    [InlineData(null)]
    public void Hardware_ProductIsNone_IsRefused(string? product) => Assert.Equal("Verification.Hardware", Assert.Throws<PrivatemodeConfigurationException>(
        () => TrustAnchors.OptionsOf(new HardwarePolicy { AmdProducts = [product!] })).Setting);

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData(Masked)]
    [InlineData(null)]
    public void Hardware_ChipIsNone_IsRefused(string? chip) => Assert.Equal("Verification.Hardware", Assert.Throws<PrivatemodeConfigurationException>(
        () => TrustAnchors.OptionsOf(new HardwarePolicy { AmdChipIds = [chip!] })).Setting);

    [Fact]
    public void CollateralProxy_NeitherHttpsNorLocalHttp_IsRefused()
    {
        foreach (string proxy in (string[])["http://proxy.example", "file:///x", "ftp://localhost", "https://proxy.example/?a=b", "https://me@proxy.example"])
        {
            Assert.Equal("Verification.CollateralProxy", Assert.Throws<PrivatemodeConfigurationException>(
                () => new PrivatemodeClient(new PrivatemodeOptions { ApiKey = "key", Verification = { CollateralProxy = new Uri(proxy) } })).Setting);
        }

        foreach (string proxy in (string[])["http://localhost:5/amd", "https://proxy.example/base"])
        {
            new PrivatemodeClient(new PrivatemodeOptions { ApiKey = "key", Verification = { CollateralProxy = new Uri(proxy) } }).Dispose();
        }
    }

    private static Dictionary<string, string> Roots() => new() { ["Milan"] = Key };
}
