using System.Security.Cryptography;

namespace Privatemode.AI.Tests.KeyExchange;

/// <summary>A test that needs the platform's SHA-3 as a second opinion: skipped, visibly, where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PlatformSha3FactAttribute : FactAttribute
{
    public PlatformSha3FactAttribute()
    {
        if (!SHA3_256.IsSupported || !System.Security.Cryptography.Shake256.IsSupported)
        {
            Skip = "The platform has no SHA-3 to compare with.";
        }
    }
}
