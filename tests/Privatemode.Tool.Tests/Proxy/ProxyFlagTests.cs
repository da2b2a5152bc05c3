using Privatemode.Tool.Tests.Fakes;

namespace Privatemode.Tool.Tests.Proxy;

/// <summary>The error lines of <c>privatemode proxy</c>. Those of the reference are quoted from it.</summary>
public sealed class ProxyFlagTests : IDisposable
{
    private readonly ToolRun _run = new();

    public void Dispose() => _run.Dispose();

    [Theory]
    [InlineData("invalid log format \"x\": --log-format must be one of [\"json\" \"text\"]", "--log-format", "x")]
    [InlineData("TLS certificate and key must be provided together", "--tlsCertPath", "c.pem")]
    [InlineData("TLS certificate and key must be provided together", "--tls-key-path", "k.pem")]
    [InlineData("getting prompt cache salt: promptCacheSalt is set but sharedPromptCache is not enabled", "--promptCacheSalt", "x")]
    [InlineData("promptCacheSalt must have at least 32 bytes", "--sharedPromptCache", "--prompt-cache-salt", "short")]
    [InlineData("disable-prompt-cache cannot be combined with sharedPromptCache", "--shared-prompt-cache", "--disable-prompt-cache")]
    [InlineData("failed to read API key file \"missing\": the file does not exist", "--apiKey", "@missing")]
    [InlineData("The API key is empty.", "--apiKey", "")]
    [InlineData("--api-key-fallback: only \"never\" is supported; what other values mean is not public", "--api-key", "k", "--api-key-fallback", "always")]
    [InlineData("--api-key-fallback=never needs --api-key", "--api-key-fallback", "never")]
    [InlineData(
        "unknown OCSP statuses are disallowed, but revoked statuses are allowed. This is likely to be an erroneous configuration",
        "--nvidiaOCSPAllowUnknown=false")]
    [InlineData(
        "unknown OCSP statuses are disallowed, but revoked statuses are allowed. This is likely to be an erroneous configuration",
        "--nvidia-ocsp-allow-unknown=f", "--nvidia-ocsp-revoked-grace-period", "1")]
    [InlineData("invalid argument \"x\" for \"--nvidiaOCSPRevokedGracePeriod\" flag", "--nvidiaOCSPRevokedGracePeriod", "x")]
    [InlineData("nvidiaOCSPRevokedGracePeriod must be between 0 and 8760 hours", "--nvidiaOCSPRevokedGracePeriod", "-1")]
    [InlineData("nvidiaOCSPRevokedGracePeriod must be between 0 and 8760 hours", "--nvidiaOCSPRevokedGracePeriod=8761")]
    [InlineData("--apiEndpoint must be an https address, for example api.privatemode.ai:443", "--apiEndpoint", "http://api.privatemode.ai")]
    [InlineData("--apiEndpoint must be an https address, for example api.privatemode.ai:443", "--apiEndpoint", "user@api.privatemode.ai")]
    [InlineData("setting up secret manager configuration: failed to read manifest file: the file does not exist", "--manifestPath", "missing.json")]
    [InlineData("--manifestPath cannot be combined with --manifest.", "--manifestPath", "garbage", "--manifest", "garbage")]
    [InlineData("listening on port \"x\": it is not a number from 0 to 65535", "--port", "x")]
    [InlineData("listening on port \"65536\": it is not a number from 0 to 65535", "--port", "65536")]
    [InlineData("--insecureAPIConnection is not supported: the connection to the service is always TLS. Leave the flag out.", "--insecureAPIConnection")]
    [InlineData("--cdnBaseURL is not supported: the address of the published manifest is fixed. Leave the flag out.", "--cdnBaseURL", "https://a")]
    [InlineData("--listen: \"x\" is neither an IP address nor localhost", "--listen", "x")]
    [InlineData("--caller-keys: key 1 is too short (at least 16 characters)", "--apiKey", "k", "--caller-keys", "short")]
    [InlineData("--caller-keys: key 2 has characters that are not printable ASCII", "--apiKey", "k",
        "--caller-keys", "0123456789abcdef", "--caller-keys", "0123456789abcdéf")]
    [InlineData("--caller-keys: the file \"missing\" cannot be read: the file does not exist", "--apiKey", "k", "--caller-keys", "@missing")]
    [InlineData("--caller-keys needs --apiKey: without it, the keys of callers are the API keys", "--caller-keys", "0123456789abcdef")]
    [InlineData("--prompt-cache-secret needs --session-prompt-cache", "--prompt-cache-secret", "@secret")]
    [InlineData("--prompt-cache-secret needs @ and the path of a file with the secret in base64", "--session-prompt-cache", "--prompt-cache-secret", "s3cret")]
    [InlineData("--prompt-cache-secret: the file \"missing\" cannot be read: the file does not exist",
        "--session-prompt-cache", "--prompt-cache-secret=@missing")]
    [InlineData("--prompt-cache-secret: the file must have at least 32 random bytes in base64, for example from: openssl rand -base64 32",
        "--session-prompt-cache", "--prompt-cache-secret=@bytes31")]
    [InlineData("--reasoning-key: the file must have 32 random bytes in base64, for example from: openssl rand -base64 32", "--reasoning-key=@bytes31")]
    [InlineData("--reasoning-key: the file must have 32 random bytes in base64, for example from: openssl rand -base64 32", "--reasoning-key=@bytes33")]
    [InlineData("--reasoning-key: the file must have 32 random bytes in base64, for example from: openssl rand -base64 32", "--reasoning-key=@garbage")]
    [InlineData("--reasoning-key: the file \"large\" cannot be read: it has more than 4096 bytes", "--reasoning-key=@large")]
    [InlineData("--alias: \"x\" is not NAME=MODEL", "--alias", "x")]
    [InlineData("--rate-limit: \"x\" is neither none nor free", "--rate-limit", "x")]
    [InlineData("--exit-if-refused needs --apiKey: without a key, the deployment is not verified at start", "--exit-if-refused")]
    [InlineData("--demo cannot be combined with --api-endpoint or --api-key.", "--demo", "--apiKey", "k")]
    [InlineData("flag needs an argument: --port", "--port")]
    [InlineData("unknown flag: --Port", "--Port", "1")]
    public async Task WrongFlag_IsOneLine(string expected, params string[] args)
    {
        _ = _run.WriteFile("garbage", "{}");
        _ = _run.WriteFile("bytes31", Convert.ToBase64String(new byte[31]));
        _ = _run.WriteFile("bytes33", Convert.ToBase64String(new byte[33]));
        _ = _run.WriteFile("large", new string('A', 4100));

        (int exitCode, string text, string error) = await _run.InvokeAsync(["proxy", .. args]);

        Assert.Equal($"Error: {expected}\n", error);
        Assert.Equal(2, exitCode);
        Assert.Empty(text);
    }

    [Fact]
    public async Task WrongFlags_AreNamedInTheOrderOfTheReference()
    {
        string[] args = ["--log-format=x", "--tlsKeyPath=k", "--promptCacheSalt=s", "--apiKey=@m", "--nvidiaOCSPAllowUnknown=0",
            "--manifestPath=m", "--port=x"];
        string[] beginnings = ["invalid log", "TLS cert", "getting prompt", "failed to read API", "unknown OCSP", "setting up secret", "listening on"];
        foreach ((int index, string beginning) in beginnings.Index())
        {
            (_, _, string error) = await _run.InvokeAsync(["proxy", .. args[index..]]);

            Assert.StartsWith($"Error: {beginning}", error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task ManifestFile_ThatIsNoManifest_IsNamed()
    {
        _ = _run.WriteFile("garbage", "no manifest");

        (int exitCode, _, string error) = await _run.InvokeAsync("proxy", "--manifestPath", "garbage");

        Assert.Equal(2, exitCode);
        Assert.StartsWith("Error: The manifest file \"garbage\" cannot be read: ", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("127.0.0.1:8080")]
    [InlineData("https://localhost")]
    [InlineData("0.0.0.0")]
    public async Task ApiEndpoint_OfThisMachine_IsRefused(string endpoint)
    {
        (int exitCode, _, string error) = await _run.InvokeAsync("proxy", "--apiEndpoint", endpoint);

        Assert.Equal(2, exitCode);
        Assert.Equal(
            "Error: --apiEndpoint is an address of this machine. This proxy verifies and encrypts itself and does not run over another proxy. " +
            "Use https://api.privatemode.ai, or --demo.\n",
            error);
    }

    [Theory]
    [InlineData("TLS and caller keys", "read prompts and use your API key", "--tlsCertPath, --tlsKeyPath and --caller-keys", "--apiKey=k")]
    [InlineData("TLS", "read prompts", "--tlsCertPath and --tlsKeyPath", "--apiKey=k", "--caller-keys=0123456789abcdef")]
    [InlineData("TLS", "read prompts", "--tlsCertPath and --tlsKeyPath")]
    [InlineData("caller keys", "use your API key", "--caller-keys", "--apiKey=k", "--tlsCertPath=c", "--tlsKeyPath=k")]
    public async Task ListenerOnTheNetwork_WithoutProtection_IsRefused(string missing, string harm, string remedy, params string[] args)
    {
        (int exitCode, _, string error) = await _run.InvokeAsync(["proxy", "--listen", "192.0.2.1", .. args]);

        Assert.Equal(
            $"Error: Listening on 192.0.2.1 without {missing} lets other machines on the network {harm}. Add {remedy}, or --dangerous-unprotected-listener.\n",
            error);
        Assert.Equal(2, exitCode);
    }

    [Fact]
    public async Task ListenerOnAllAddresses_NeedsHostNames()
    {
        (int exitCode, _, string error) = await _run.InvokeAsync("proxy", "--listen", "0.0.0.0", "--dangerous-unprotected-listener");

        Assert.Equal(2, exitCode);
        Assert.Equal(
            "Error: --listen 0.0.0.0 needs --allowed-host NAME, once for each host name or address under which callers reach this machine.\n", error);
    }
}
