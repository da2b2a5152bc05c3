using System.Net;
using System.Security.Cryptography;
using Privatemode.AI;
using Privatemode.Tool.CommandLine;

namespace Privatemode.Tool.Services;

/// <summary>The service that a command uses, and its settings: the checked values of <see cref="CommonOptions"/>.</summary>
internal sealed record ServiceSettings
{
    public bool IsDemo { get; init; }

    public string? DemoScript { get; init; }

    /// <summary>The API key; null if there is none or if the callers send their own.</summary>
    public string? ApiKey { get; init; }

    /// <summary>The address of the service, or null for the default.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>The full path of the workspace, or null for the default of the command.</summary>
    public string? Workspace { get; init; }

    /// <summary>The expected manifest, or null for the latest one, with the log of the workspace.</summary>
    public ManifestPolicy? Manifest { get; init; }

    public bool IsJson { get; init; }

    public bool IsVerbose { get; init; }
}

/// <summary>Reads the address of the service as <c>privatemode-proxy</c> does: a host, with or without a port.</summary>
internal static class ServiceAddress
{
    /// <param name="value">The value of the flag.</param>
    /// <param name="flag">The name of the flag, for messages.</param>
    /// <param name="what">The program part that reads the flag: command or proxy.</param>
    /// <exception cref="ToolException">The value is not an https address, or is an address of this machine.</exception>
    public static Uri Parse(string value, string flag, string what)
    {
        string text = value.Contains("://", StringComparison.Ordinal) ? value : $"https://{value}";
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? address) || address.Scheme != Uri.UriSchemeHttps || address.Host.Length == 0 ||
            address.UserInfo.Length > 0 || address.PathAndQuery != "/" || address.Fragment.Length > 0)
        {
            throw ToolException.Setup($"{flag} must be an https address, for example api.privatemode.ai:443");
        }

        return IsThisMachine(address)
            ? throw ToolException.Setup(
                $"{flag} is an address of this machine. This {what} verifies and encrypts itself and does not run over another proxy. " +
                "Use https://api.privatemode.ai, or --demo.")
            : address;
    }

    private static bool IsThisMachine(Uri address)
    {
        string host = address.IdnHost.TrimEnd('.').Trim('[', ']');
        bool isName = host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase);
        return isName || (IPAddress.TryParse(host, out IPAddress? ip) && IsLocal(ip.IsIPv4MappedToIPv6 ? ip.MapToIPv4() : ip));
    }

    private static bool IsLocal(IPAddress address) =>
        IPAddress.IsLoopback(address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);
}

/// <summary>Reads a manifest that a flag names: its digest, or a file.</summary>
internal static class ManifestArgument
{
    // The published manifest has 20 KB.
    private const int MaxFileSize = 1 << 20;

    public static string ReadDigest(string value, ToolContext context)
    {
        if (value.Length == 64 && value.All(char.IsAsciiHexDigit))
        {
            return value.ToLowerInvariant();
        }

        string path = context.FullPath(value);
        if (value.Length == 0 || !File.Exists(path))
        {
            throw ToolException.Setup($"--manifest: \"{value}\" is neither a SHA-256 digest (64 hexadecimal digits) nor a file.");
        }

        return Convert.ToHexStringLower(SHA256.HashData(ReadFile(path, value)));
    }

    /// <summary>Returns the bytes of a manifest file.</summary>
    /// <exception cref="ToolException">The file is empty or too large to be a manifest.</exception>
    public static byte[] ReadFile(string path, string shown)
    {
        byte[] manifest = BoundedFile.Read(path, MaxFileSize);
        if (manifest.Length == 0)
        {
            throw ToolException.Setup($"The manifest file \"{shown}\" cannot be read: it has 0 bytes, and a manifest has 1 to {MaxFileSize}.");
        }

        return manifest;
    }
}
