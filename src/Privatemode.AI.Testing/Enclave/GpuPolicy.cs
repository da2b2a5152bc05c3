using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Privatemode.AI.Testing.Enclave;

/// <summary>The GPU revocation policy of a request as the service reads it.</summary>
/// <param name="Statuses">Lower-case statuses such as <c>allow-good</c>.</param>
/// <param name="RevokedNotBefore">Unix seconds; a revocation before it is not accepted.</param>
internal sealed record GpuPolicy(IReadOnlyList<string> Statuses, long RevokedNotBefore)
{
    private static readonly string[] KnownStatuses = ["allow-good", "allow-revoked", "allow-unknown"];

    /// <summary>Reads and verifies the two headers; null when they do not hold.</summary>
    public static GpuPolicy? Verify(string header, string mac, ReadOnlySpan<byte> key)
    {
        GpuPolicy? policy = Parse(header);
        if (policy is null)
        {
            return null;
        }

        // The MAC is over the canonical form.
        string canonical = string.Create(
            CultureInfo.InvariantCulture, $"rules={string.Join(',', policy.Statuses)}; revocation-time-not-before={policy.RevokedNotBefore}");
        string expected = Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(canonical)));
        return CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(mac), Encoding.ASCII.GetBytes(expected)) ? policy : null;
    }

    /// <summary>Whether a GPU in this state may be used.</summary>
    public bool Accepts(string status, long revokedAt = 0) => status switch
    {
        "good" => Statuses.Contains("allow-good"),
        "unknown" => Statuses.Contains("allow-unknown"),
        _ => Statuses.Contains("allow-revoked") && revokedAt >= RevokedNotBefore,
    };

    private static GpuPolicy? Parse(string header)
    {
        string[]? statuses = null;
        long? notBefore = null;
        foreach (string part in header.Split("; "))
        {
            string[] pair = part.Split('=', 2);
            if (pair.Length != 2)
            {
                return null;
            }

            switch (pair[0])
            {
                case "rules": statuses = pair[1].ToLowerInvariant().Split(','); break;
                case "revocation-time-not-before": notBefore = LeadingNumber(pair[1]); break;
                default: return null;
            }
        }

        return statuses is not null && notBefore is not null && statuses.All(KnownStatuses.Contains) ? new GpuPolicy(statuses, notBefore.Value)
            : null;
    }

    /// <summary>The reference reads the number at the start and ignores what follows.</summary>
    private static long? LeadingNumber(string text)
    {
        int length = text.StartsWith('-') ? 1 : 0;
        while (length < text.Length && char.IsAsciiDigit(text[length]))
        {
            length++;
        }

        return long.TryParse(text.AsSpan(0, length), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) ? number : null;
    }
}
