using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Privatemode.AI.Sessions;

/// <summary>The GPU revocation policy as headers: its text, and a MAC that binds it to the secret.</summary>
/// <remarks>The MAC does not bind it to a request: all requests under one secret use one policy.</remarks>
internal static class GpuPolicyHeader
{
    /// <summary><c>rules=allow-good[,allow-revoked][,allow-unknown]; revocation-time-not-before=&lt;unix seconds&gt;</c>.</summary>
    public static string Text(GpuRevocationPolicy policy, DateTimeOffset now)
    {
        string revoked = policy.RevocationGracePeriod > TimeSpan.Zero ? ",allow-revoked" : "";
        string unknown = policy.AcceptsUnknownStatus ? ",allow-unknown" : "";
        return Text($"allow-good{revoked}{unknown}", (now - policy.RevocationGracePeriod).ToUnixTimeSeconds());
    }

    /// <summary>The header text for given rules and time.</summary>
    public static string Text(string rules, long notBefore) =>
        string.Create(CultureInfo.InvariantCulture, $"rules={rules}; revocation-time-not-before={notBefore}");

    /// <summary>Lower-case hex of HMAC-SHA256 over the header text, key = the inference secret.</summary>
    public static string Mac(ReadOnlySpan<byte> key, string text) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(text)));
}
