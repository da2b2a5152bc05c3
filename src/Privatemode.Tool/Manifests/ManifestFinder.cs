using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Privatemode.AI;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Services;

namespace Privatemode.Tool.Manifests;

/// <summary>A manifest and its source.</summary>
/// <param name="Bytes">The exact bytes: the digest covers white space too.</param>
/// <param name="Source">A description of its source.</param>
/// <param name="IsProved">Whether a deployment has proved to run it, on this machine.</param>
internal sealed record FoundManifest(byte[] Bytes, string Source, bool IsProved)
{
    public string Sha256 { get; } = Convert.ToHexStringLower(SHA256.HashData(Bytes));
}

/// <summary>Finds the manifest that a word names: <c>published</c>, <c>adopted</c>, digits of a digest in the log, or a file.</summary>
/// <param name="context">The console, the environment and the directories of the command.</param>
/// <param name="logDirectory">The log of adopted manifests.</param>
/// <param name="demo">The manifest of the demo, which publishes nothing, or null.</param>
internal sealed class ManifestFinder(ToolContext context, string logDirectory, byte[]? demo)
{
    /// <summary>The two words that are not file names.</summary>
    public const string Published = "published", Adopted = "adopted";

    private const int MaxManifestSize = 1 << 20, MaxEvidenceSize = 16 << 20, MinDigits = 8;
    private static readonly Uri PublishedAddress = new("https://cdn.confidential.cloud/privatemode/v2/manifest.json");

    /// <summary>Finds a manifest.</summary>
    /// <param name="word">The name of the manifest; null for the adopted one, or for the published one if none was adopted.</param>
    /// <param name="stop">A token that cancels the download.</param>
    /// <exception cref="ToolException">There is no such manifest, or it cannot be read.</exception>
    public async Task<FoundManifest> FindAsync(string? word, CancellationToken stop) => word switch
    {
        null => LastAdopted() ?? await DownloadAsync(stop),
        Published => await DownloadAsync(stop),
        Adopted => LastAdopted() ?? throw ToolException.Setup(
            $"No manifest was adopted in \"{logDirectory}\" yet. 'privatemode verify' adopts the published one."),
        _ => FromLog(word) ?? FromFile(word),
    };

    public FoundManifest? LastAdopted() => ManifestLog.Read(logDirectory) is { Entries: [.., var last] } log ? FromEntry(logDirectory, last, log) : null;

    // ManifestLog.Read has checked a file that can be another one by now.
    internal static FoundManifest FromEntry(string logDirectory, AdoptedManifest entry, ManifestLog log)
    {
        string path = Path.Combine(logDirectory, entry.FileName);
        FoundManifest found = new(
            new FileInfo(path).Length <= MaxManifestSize ? File.ReadAllBytes(path) : [],
            $"adopted {Commands.Times.Text(entry.AdoptedAt)}{(log.IsInsecureLoopback ? " with test roots" : "")}",
            IsProved: !log.IsInsecureLoopback);
        return found.Sha256 == entry.Sha256 ? found
            : throw ToolException.Failed($"\"{path}\" has changed while it was read: it is not the manifest that was recorded.");
    }

    private FoundManifest? FromLog(string word)
    {
        if (word.Length < MinDigits || !word.All(char.IsAsciiHexDigit))
        {
            return null;
        }

        ManifestLog log = ManifestLog.Read(logDirectory);
        AdoptedManifest[] found =
        [
            .. log.Entries.Where(entry => entry.Sha256.StartsWith(word, StringComparison.OrdinalIgnoreCase))
                .DistinctBy(entry => entry.Sha256),
        ];
        return found switch
        {
            [] when File.Exists(context.FullPath(word)) => null,
            [] => throw ToolException.Setup($"No adopted manifest has a digest that begins with \"{word}\"."),
            [var entry] => FromEntry(logDirectory, entry, log),
            _ => throw ToolException.Setup($"{found.Length} adopted manifests have digests that begin with \"{word}\". Give more digits."),
        };
    }

    private FoundManifest FromFile(string word)
    {
        string path = context.FullPath(word);
        byte[] file;
        try
        {
            if (new FileInfo(path).Length > MaxEvidenceSize)
            {
                throw ToolException.Setup($"\"{word}\" is larger than {MaxEvidenceSize} bytes: it is neither a manifest nor saved evidence.");
            }

            file = File.ReadAllBytes(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw ToolException.Setup(
                $"\"{word}\" is not '{Published}', '{Adopted}', a digest of the log, or a file that can be read: {FileErrors.Describe(exception)}.", exception);
        }

        return ManifestInEvidence(file, word) is { } manifest
            ? new FoundManifest(manifest, "as the evidence file says", IsProved: false)
            : new FoundManifest(file, "file", IsProved: false);
    }

    // The newest manifest of saved evidence; null if the file is no saved evidence.
    private static byte[]? ManifestInEvidence(byte[] file, string word)
    {
        if (!file.AsSpan().TrimStart(" \t\r\n"u8).StartsWith("{"u8) || file.AsSpan().IndexOf("\"privatemode-evidence-"u8) < 0)
        {
            return null;
        }

        try
        {
            return AttestationContent.Read(file).NewestManifest;
        }
        catch (Exception exception) when (exception is JsonException or FormatException or InvalidOperationException or KeyNotFoundException)
        {
            throw ToolException.Setup($"The evidence file \"{word}\" cannot be read.", exception);
        }
    }

    private async Task<FoundManifest> DownloadAsync(CancellationToken stop)
    {
        if (demo is not null)
        {
            return new FoundManifest(demo, "demo", IsProved: false);
        }

        using SocketsHttpHandler handler = new() { AllowAutoRedirect = false, UseCookies = false, Credentials = null };
        using HttpClient http = new(context.ManifestHandler ?? handler, disposeHandler: false)
        {
            Timeout = TimeSpan.FromSeconds(30),
            MaxResponseContentBufferSize = MaxManifestSize,
        };
        Uri now = new(FormattableString.Invariant($"{PublishedAddress}?t={context.Time.GetUtcNow().ToUnixTimeMilliseconds()}"));
        try
        {
            using HttpResponseMessage answer = await http.GetAsync(now, stop);
            return answer.StatusCode == HttpStatusCode.OK
                ? new FoundManifest(await answer.Content.ReadAsByteArrayAsync(stop), "published", IsProved: false)
                : throw ToolException.Failed(string.Create(
                    CultureInfo.InvariantCulture, $"{PublishedAddress.Host} did not return the manifest (status {(int)answer.StatusCode})."));
        }
        catch (Exception exception) when (exception is HttpRequestException || (exception is OperationCanceledException && !stop.IsCancellationRequested))
        {
            throw ToolException.Failed(
                $"The published manifest could not be downloaded from {PublishedAddress.Host}. Check the network and HTTPS_PROXY.", exception);
        }
    }
}
