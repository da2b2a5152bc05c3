using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Privatemode.AI.Attestation.Certificates;

namespace Privatemode.AI.Verification;

/// <summary>A downloaded file that evidence is judged by. Trusted only as far as its <see cref="Version"/> was read from authentic bytes.</summary>
/// <param name="Chain">The header with the signer's certificates, as it came; empty when there is none.</param>
/// <param name="FetchedAt">When it was downloaded; <see cref="NeverFetched"/> for a file that came with the evidence.</param>
internal sealed record CollateralFile(byte[] Body, string Chain, DateTimeOffset FetchedAt)
{
    /// <summary>Bytes from the beginning that say until when the file may be used.</summary>
    public const int HeadLength = 64;

    /// <summary>Most that <see cref="Encode"/> adds to a file, in bytes: several times what an HTTP client accepts as headers.</summary>
    private const int MostAdded = 256 * 1024;

    /// <summary>The time of download of a file that was not downloaded.</summary>
    public static DateTimeOffset NeverFetched => DateTimeOffset.UnixEpoch;

    private static ReadOnlySpan<byte> Mark => "privatemode-collateral-2\n"u8;

    /// <summary>True when it was not downloaded just now.</summary>
    public bool IsFromCache { get; init; }

    /// <summary>True when it is a copy that is older than demanded, because a download is impossible or brought nothing newer.</summary>
    public bool IsStale { get; init; }

    /// <summary>True when it is a copy of a file that its host says it does not hand out any more.</summary>
    public bool IsWithdrawn { get; init; }

    /// <summary>The version, if the file was found authentic; only such files are stored.</summary>
    public DocumentVersion? Version { get; init; }

    /// <summary>
    /// Writes one byte string for caches: a mark, the time of download and the end of validity in Unix milliseconds, the chain in base64, each on a
    /// line, and the file.
    /// </summary>
    public byte[] Encode()
    {
        string times = string.Create(
            CultureInfo.InvariantCulture, $"{FetchedAt.ToUnixTimeMilliseconds()} {Version.GetValueOrDefault().ValidUntil.ToUnixTimeMilliseconds()}");
        return [.. Mark, .. Encoding.ASCII.GetBytes($"{times}\n{Convert.ToBase64String(Encoding.UTF8.GetBytes(Chain))}\n"), .. Body];
    }

    /// <summary>Longest encoding of a file that is no longer than a limit.</summary>
    public static int EncodedLimit(int limit) => limit + MostAdded;

    /// <summary>The reverse of <see cref="Encode"/>; null for anything else, which a cache may hold as well.</summary>
    public static CollateralFile? Decode(byte[] bytes)
    {
        if (ReadTimes(bytes) is not { } times)
        {
            return null;
        }

        ReadOnlySpan<byte> rest = bytes.AsSpan(times.Length);
        int chain = rest.IndexOf((byte)'\n');
        if (chain < 0)
        {
            return null;
        }

        byte[] header = new byte[chain];
        return Base64.DecodeFromUtf8(rest[..chain], header, out _, out int written) == OperationStatus.Done
            ? new CollateralFile(rest[(chain + 1)..].ToArray(), Encoding.UTF8.GetString(header, 0, written), times.FetchedAt) { IsFromCache = true }
            : null;
    }

    /// <summary>Reads until when an encoded file may be used from its first <see cref="HeadLength"/> bytes; null for anything else.</summary>
    public static DateTimeOffset? ReadValidUntil(ReadOnlySpan<byte> head) => ReadTimes(head)?.ValidUntil;

    private static (DateTimeOffset FetchedAt, DateTimeOffset ValidUntil, int Length)? ReadTimes(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.StartsWith(Mark))
        {
            return null;
        }

        ReadOnlySpan<byte> line = bytes[Mark.Length..];
        line = line[..Math.Max(line.IndexOf((byte)'\n'), 0)];
        int space = line.IndexOf((byte)' ');
        return space > 0 && ReadTime(line[..space]) is { } fetchedAt && ReadTime(line[(space + 1)..]) is { } validUntil
            ? (fetchedAt, validUntil, Mark.Length + line.Length + 1)
            : null;
    }

    private static DateTimeOffset? ReadTime(ReadOnlySpan<byte> text) =>
        Utf8Parser.TryParse(text, out long milliseconds, out int read) && read == text.Length && milliseconds is >= 0 and <= 253_402_300_799_999
            ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
            : null;
}
