using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Privatemode.AI.Testing.Enclave;

/// <summary>The GPU revocation policy of a request as the service reads it.</summary>
/// <param name="Statuses">Lower-case statuses such as <c>allow-good</c>.</param>
/// <param name="RevokedNotBefore">The earliest accepted time of a revocation, in Unix seconds.</param>
internal sealed record GpuPolicy(IReadOnlyList<string> Statuses, long RevokedNotBefore)
{
    private const string Rules = "rules=";
    private const string NotBefore = "revocation-time-not-before=";

    private static readonly string[] KnownStatuses = ["allow-good", "allow-revoked", "allow-unknown"];

    /// <summary>The policy for a request without a policy.</summary>
    public static GpuPolicy GoodOnly { get; } = new(["allow-good"], 0);

    /// <summary>Reads and verifies the two headers.</summary>
    /// <exception cref="EnclaveException">The headers or their MAC are invalid.</exception>
    public static GpuPolicy Verify(string header, string mac, ReadOnlySpan<byte> key)
    {
        GpuPolicy policy = Parse(header);

        // The MAC is over the canonical form.
        string canonical = string.Create(
            CultureInfo.InvariantCulture, $"rules={string.Join(',', policy.Statuses)}; revocation-time-not-before={policy.RevokedNotBefore}");
        string expected = Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(canonical)));
        return CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(mac), Encoding.ASCII.GetBytes(expected)) ? policy
            : throw Refusal($"HMAC verification failed: expected {expected}, got {mac}");
    }

    /// <summary>Returns whether a GPU in this state is accepted.</summary>
    public bool Accepts(string status, long revokedAt = 0) => status switch
    {
        "good" => Statuses.Contains("allow-good"),
        "unknown" => Statuses.Contains("allow-unknown"),
        _ => Statuses.Contains("allow-revoked") && revokedAt >= RevokedNotBefore,
    };

    private static GpuPolicy Parse(string header)
    {
        string[] parts = header.Split("; ");
        if (parts.Length != 2)
        {
            throw Refusal(string.Create(CultureInfo.InvariantCulture, $"invalid header format: expected 2 parts, got {parts.Length}"));
        }

        string[]? statuses = null;
        long? notBefore = null;
        foreach (string part in parts)
        {
            if (part.StartsWith(Rules, StringComparison.Ordinal))
            {
                statuses = part[Rules.Length..].Split(',');
            }
            else if (part.StartsWith(NotBefore, StringComparison.Ordinal))
            {
                notBefore = LeadingNumber(part[NotBefore.Length..]);
            }
            else
            {
                throw Refusal($"unknown part in header: {part}");
            }
        }

        if (statuses is null || notBefore is null)
        {
            throw Refusal("missing required parts in header");
        }

        return Array.Find(statuses, status => !KnownStatuses.Contains(status.ToLowerInvariant())) is { } unknown
            ? throw Refusal($"parsing OCSP status: invalid OCSP allow status: {unknown}")
            : new GpuPolicy([.. statuses.Select(status => status.ToLowerInvariant())], notBefore.Value);
    }

    /// <summary>Reads a number as the service does: text after the number is ignored.</summary>
    private static long LeadingNumber(string text)
    {
        const string Reading = "parsing revocation time not before: ";
        int length = text.StartsWith('-') || text.StartsWith('+') ? 1 : 0;
        while (length < text.Length && char.IsAsciiDigit(text[length]))
        {
            length++;
        }

        string digits = text[..length];
        return text.Length == 0 ? throw Refusal($"{Reading}unexpected EOF")
            : digits.TrimStart('+', '-').Length == 0 ? throw Refusal($"{Reading}expected integer")
            : long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) ? number
            : throw Refusal($"{Reading}integer overflow on token {digits}");
    }

    private static EnclaveException Refusal(string why) => new(500, $"verifying OCSP header: {why}");
}
