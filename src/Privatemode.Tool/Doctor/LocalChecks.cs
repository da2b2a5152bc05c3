using Privatemode.AI;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Commands;
using Privatemode.Tool.Services;

namespace Privatemode.Tool.Doctor;

/// <summary>The checks that need no network.</summary>
internal sealed class LocalChecks(ToolContext context, ServiceSettings settings, IProbe probe)
{
    private const long LeastFreeBytes = 50 << 20;

    private const string KeyAdvice = "Create an API key at https://portal.privatemode.ai and set PRIVATEMODE_API_KEY, or use --api-key @FILE.";

    /// <param name="given">The value of <c>--api-key</c>, or null.</param>
    public CheckResult Key(string? given)
    {
        if (settings.IsDemo)
        {
            return new CheckResult("key", CheckOutcome.Skipped, "The demo needs no API key.");
        }

        if (settings.ApiKey is not { } key)
        {
            return new CheckResult("key", CheckOutcome.Failed, "There is no API key.", KeyAdvice) { ExitCode = ExitCodes.Usage };
        }

        string source = given is ['@', ..] ? "a file" : given is null ? PrivatemodeOptions.ApiKeyEnvironmentVariable : "--api-key";
        string details = settings.IsVerbose && key.Length >= 16 ? $" It has {key.Length} characters and ends with {key[^4..]}." : "";
        if (given is ['@', ..] && !OperatingSystem.IsWindows() && CanOthersRead(context.FullPath(given[1..])))
        {
            return new CheckResult(
                "key", CheckOutcome.Warning, $"Other users of this machine can read the file with the API key.{details}", $"chmod 600 {given[1..]}");
        }

        return new CheckResult("key", CheckOutcome.Ok, $"An API key comes from {source}.{details}");
    }

    public CheckResult State(string workspace, string logDirectory)
    {
        try
        {
            int entries = ManifestLog.Read(logDirectory).Entries.Count;
            return probe.FreeBytes(workspace) is < LeastFreeBytes
                ? new CheckResult(
                    "state", CheckOutcome.Warning, $"The disk of {workspace} is almost full.",
                    "Free disk space: manifests must be recorded before they are used.")
                : new CheckResult("state", CheckOutcome.Ok, $"{workspace} can be written; its log has {entries} manifests.");
        }
        catch (Exception exception) when (exception is PrivatemodeException or IOException or UnauthorizedAccessException)
        {
            return new CheckResult(
                "state", CheckOutcome.Failed, $"The log of manifests cannot be used: {exception.Message}",
                "Delete nothing. Restore the directory from a backup, and look at it with: privatemode manifest log")
            {
                ExitCode = ExitCodes.Usage,
            };
        }
    }

    public CheckResult ProxyVariables(IEnumerable<Uri> hosts)
    {
        string[] proxies = [.. hosts.Select(host => probe.ProxyFor(host) is { } proxy ? $"{host.Host} through {proxy.Scheme}://{proxy.Authority}" : null)
            .OfType<string>()];
        string? plain = context.Variable("HTTP_PROXY") ?? context.Variable("http_proxy");
        string excluded = context.Variable("NO_PROXY") ?? context.Variable("no_proxy") ?? "";
        bool isLoopbackProxied = plain is not null && excluded != "*" && !excluded.Contains("127.0.0.1", StringComparison.Ordinal);
        return isLoopbackProxied
            ? new CheckResult(
                "proxy-variables", CheckOutcome.Warning, "HTTP_PROXY applies to 127.0.0.1 too, where the proxy of this program listens.",
                "Set NO_PROXY=127.0.0.1,localhost: otherwise another machine sees your prompts.")
            : new CheckResult(
                "proxy-variables", CheckOutcome.Ok, proxies is [] ? "No HTTP proxy applies." : $"An HTTP proxy applies: {string.Join(", ", proxies)}.");
    }

    public CheckResult Hardware()
    {
        (bool hasAes, bool hasSodium) = probe.Cryptography();
        return hasAes && hasSodium
            ? new CheckResult("hardware", CheckOutcome.Ok, "The processor has AES instructions, and libsodium was loaded.")
            : new CheckResult(
                "hardware", CheckOutcome.Warning,
                hasAes ? "libsodium was not loaded." : "The processor has no AES instructions that this program can use.",
                "Encryption works, but is slower.");
    }

    private static bool CanOthersRead(string path) =>
        !OperatingSystem.IsWindows() && File.Exists(path) && (File.GetUnixFileMode(path) & (UnixFileMode.GroupRead | UnixFileMode.OtherRead)) != 0;
}
