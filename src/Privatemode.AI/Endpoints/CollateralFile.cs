using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Privatemode.AI.Endpoints;

/// <summary>A downloaded file that evidence is judged by. Nothing here is trusted: everything is signed, and checked whenever it is used.</summary>
/// <param name="Body">The file.</param>
/// <param name="Chain">The header with the signer's certificates, as it came; empty when there is none.</param>
/// <param name="FetchedAt">When it was downloaded.</param>
internal sealed record CollateralFile(byte[] Body, string Chain, DateTimeOffset FetchedAt)
{
    /// <summary>Most that <see cref="Encode"/> adds to a file, in bytes: several times what an HTTP client accepts as headers.</summary>
    private const int MostAdded = 256 * 1024;

    private static ReadOnlySpan<byte> Mark => "privatemode-collateral-1\n"u8;

    /// <summary>True when it was not downloaded just now.</summary>
    public bool IsFromCache { get; init; }

    /// <summary>True when it is a copy that is too old, used because its host is away.</summary>
    public bool IsStandIn { get; init; }

    /// <summary>One byte string for caches: a mark, the time in Unix milliseconds, the chain in base64, each on a line, and the file.</summary>
    public byte[] Encode()
    {
        string time = FetchedAt.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
        return [.. Mark, .. Encoding.ASCII.GetBytes($"{time}\n{Convert.ToBase64String(Encoding.UTF8.GetBytes(Chain))}\n"), .. Body];
    }

    /// <summary>Longest encoding of a file that is no longer than a limit.</summary>
    public static int EncodedLimit(int limit) => limit + MostAdded;

    /// <summary>The reverse of <see cref="Encode"/>; null for anything else, which a cache may hold as well.</summary>
    public static CollateralFile? Decode(byte[] bytes)
    {
        ReadOnlySpan<byte> rest = bytes;
        if (!rest.StartsWith(Mark))
        {
            return null;
        }

        rest = rest[Mark.Length..];
        int time = rest.IndexOf((byte)'\n');
        int chain = time < 0 ? -1 : rest[(time + 1)..].IndexOf((byte)'\n');
        if (chain < 0 || !Utf8Parser.TryParse(rest[..time], out long milliseconds, out int read) || read != time
            || milliseconds is < 0 or > 253_402_300_799_999)
        {
            return null;
        }

        byte[] header = new byte[chain];
        return Base64.DecodeFromUtf8(rest.Slice(time + 1, chain), header, out _, out int written) == System.Buffers.OperationStatus.Done
            ? new CollateralFile(
                rest[(time + chain + 2)..].ToArray(),
                Encoding.UTF8.GetString(header, 0, written),
                DateTimeOffset.FromUnixTimeMilliseconds(milliseconds))
            {
                IsFromCache = true,
            }
            : null;
    }
}
