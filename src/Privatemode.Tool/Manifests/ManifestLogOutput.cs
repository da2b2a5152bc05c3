using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Privatemode.AI;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Commands;

namespace Privatemode.Tool.Manifests;

/// <summary>Writes the log of adopted manifests, and the lines that Privatemode's own proxy wrote into the same workspace.</summary>
internal static class ManifestLogOutput
{
    // Privatemode's own proxy adds a line with each start at most.
    private const int MaxLines = 100_000;

    /// <param name="log">The log, which was checked when it was read.</param>
    /// <param name="workspace">The workspace; its <c>manifests/log.txt</c> is the one that Privatemode's own proxy reads and writes. Null for the log of an
    /// application.</param>
    /// <param name="isGiven">Whether the workspace was named on the command line. It must then have a log: the path may be wrong.</param>
    /// <param name="output">Where to write.</param>
    /// <exception cref="ToolException">The workspace was given, and has no log.</exception>
    public static void Write(ManifestLog log, string? workspace, bool isGiven, Output output)
    {
        IReadOnlyList<ProxyLine> proxyLines = workspace is null ? [] : ReadProxyLines(Path.Combine(workspace, "manifests", "log.txt"));
        if (isGiven && log.Entries is [] && proxyLines is [])
        {
            throw ToolException.Setup($"No manifest was adopted in the workspace \"{workspace}\" yet. 'privatemode verify' adopts the published one.");
        }

        if (output.IsJson)
        {
            output.Json(json => WriteJson(json, log, proxyLines));
            return;
        }

        if (log.Entries is [])
        {
            output.Hint("No manifest was adopted in this workspace yet. 'privatemode verify' adopts the published one.");
        }
        else
        {
            WriteEntries(log, output);
        }

        if (proxyLines.Count > 0)
        {
            output.Hint("Entries that Privatemode's own proxy shares (manifests/log.txt). They prove nothing:");
            output.Table(["Time", "Manifest", "File"], proxyLines.Select(line => (IReadOnlyList<string>)[line.Time, line.Sha256 ?? "(missing)", line.File]));
        }
    }

    private static void WriteEntries(ManifestLog log, Output output)
    {
        output.Table(
            ["", "Adopted", "Manifest", "Why", "File"],
            log.Entries.Select((entry, index) => (IReadOnlyList<string>)
                [(index + 1).ToString(CultureInfo.InvariantCulture), Times.Text(entry.AdoptedAt), entry.Sha256, $"{entry.Source}", entry.FileName]));
        output.Hint($"Head of the hash chain: {log.HeadSha256}. Keep it elsewhere: with it, you can tell later whether entries were removed.");
        if (log.IsInsecureLoopback)
        {
            output.Hint("These manifests were adopted with test roots. They prove nothing.");
        }
    }

    private static void WriteJson(Utf8JsonWriter json, ManifestLog log, IReadOnlyList<ProxyLine> proxyLines)
    {
        json.WriteStartObject();
        json.WriteString("schema", "privatemode.manifest-log/1");
        json.WriteString("head", log.Entries is [] ? null : log.HeadSha256);
        json.WriteBoolean("insecureLoopback", log.IsInsecureLoopback);
        json.WriteStartArray("entries");
        foreach (AdoptedManifest entry in log.Entries)
        {
            json.WriteStartObject();
            json.WriteString("at", Times.Text(entry.AdoptedAt));
            json.WriteString("sha256", entry.Sha256);
            json.WriteString("source", $"{entry.Source}");
            json.WriteString("file", entry.FileName);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("privatemodeProxy");
        foreach (ProxyLine line in proxyLines)
        {
            json.WriteStartObject();
            json.WriteString("at", line.Time);
            json.WriteString("file", line.File);
            json.WriteString("sha256", line.Sha256);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    // '<RFC 3339> <path of a file in the same directory>' a line. Only the name of the file counts: the directory may have moved.
    private static List<ProxyLine> ReadProxyLines(string path)
    {
        List<ProxyLine> lines = [];
        if (!File.Exists(path))
        {
            return lines;
        }

        foreach (string line in File.ReadLines(path).Take(MaxLines))
        {
            string[] parts = line.Split(' ', 2);
            string name = parts.Length == 2 ? Path.GetFileName(parts[1].Trim()) : "";
            string file = Path.Combine(Path.GetDirectoryName(path)!, name);
            bool isReadable = name.Length > 0 && new FileInfo(file) is { Exists: true, Length: < 1 << 20 };
            lines.Add(new ProxyLine(parts[0], name, isReadable ? Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file))) : null));
        }

        return lines;
    }

    private sealed record ProxyLine(string Time, string File, string? Sha256);
}
