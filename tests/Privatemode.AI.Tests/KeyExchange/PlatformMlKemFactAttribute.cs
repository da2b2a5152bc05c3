using System.Security.Cryptography;

namespace Privatemode.AI.Tests.KeyExchange;

/// <summary>A test that needs the platform's ML-KEM: skipped, visibly, where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PlatformMlKemFactAttribute : FactAttribute
{
    public PlatformMlKemFactAttribute()
    {
        if (!MLKem.IsSupported)
        {
            Skip = "The platform has no ML-KEM (OpenSSL 3.5, or Windows from the end of 2025): only ours is tested.";
        }
    }
}
