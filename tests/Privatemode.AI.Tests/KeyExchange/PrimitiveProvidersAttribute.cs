using System.Reflection;
using System.Security.Cryptography;
using Xunit.Sdk;

namespace Privatemode.AI.Tests.KeyExchange;

/// <summary>A row of a theory for one provider of ML-KEM or SHA-3: skipped, visibly, where the platform has none.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
internal sealed class PrimitiveProvidersAttribute : DataAttribute
{
    public const string Automatic = "Automatic";
    public const string BouncyCastle = "BouncyCastle";
    public const string Platform = "Platform";

    private readonly string _provider;

    /// <param name="provider"><see cref="Automatic"/> (what the library chooses), <see cref="BouncyCastle"/> or <see cref="Platform"/>.</param>
    /// <param name="needsMlKem">The test needs ML-KEM, not SHA-3 alone.</param>
    public PrimitiveProvidersAttribute(string provider, bool needsMlKem = true)
    {
        _provider = provider;
        if (provider == Platform)
        {
            Skip = needsMlKem && !MLKem.IsSupported ? "The platform has no ML-KEM (OpenSSL 3.5, or Windows from the end of 2025)."
                : !SHA3_256.IsSupported || !Shake256.IsSupported ? "The platform has no SHA-3."
                : null;
        }
    }

    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => [[_provider]];
}
