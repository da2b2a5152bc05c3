using System.Reflection;
using System.Security.Cryptography;
using Privatemode.AI.KeyExchange.Hpke;
using Xunit.Sdk;

namespace Privatemode.AI.Tests.KeyExchange;

/// <summary>A row of a theory for one provider of ML-KEM or SHA-3: skipped, visibly, where the platform has none.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
internal sealed class PrimitiveProvidersAttribute : DataAttribute
{
    private readonly string _provider;

    /// <param name="provider">A <c>PrimitiveProvider</c>; test methods are public, and the enumeration is not.</param>
    /// <param name="needsMlKem">The test needs ML-KEM, not SHA-3 alone.</param>
    public PrimitiveProvidersAttribute(string provider, bool needsMlKem = true)
    {
        _provider = provider;
        if (Enum.Parse<PrimitiveProvider>(provider) == PrimitiveProvider.Platform)
        {
            Skip = needsMlKem && !MLKem.IsSupported ? "The platform has no ML-KEM (OpenSSL 3.5, or Windows from the end of 2025)."
                : !SHA3_256.IsSupported || !Shake256.IsSupported ? "The platform has no SHA-3."
                : null;
        }
    }

    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => [[_provider]];
}
