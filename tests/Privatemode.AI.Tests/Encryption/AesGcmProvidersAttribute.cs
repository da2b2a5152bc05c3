using System.Reflection;
using Privatemode.AI.Encryption;
using Xunit.Sdk;

namespace Privatemode.AI.Tests.Encryption;

/// <summary>A row of a theory for one provider of AES-256-GCM: skipped, visibly, where libsodium cannot be used.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
internal sealed class AesGcmProvidersAttribute : DataAttribute
{
    public const string Platform = "Platform";
    public const string Sodium = "Sodium";

    private readonly object[] _row;

    /// <param name="provider"><see cref="Platform"/> or <see cref="Sodium"/>.</param>
    /// <param name="row">The other arguments of the test.</param>
    public AesGcmProvidersAttribute(string provider, params object[] row)
    {
        _row = [provider, .. row];
        Skip = provider == Sodium && !SodiumAesGcmKey.IsSupported ? "libsodium, or an instruction that its AES-256-GCM needs, is missing." : null;
    }

    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => [_row];

    /// <summary>A key of the provider and of no other.</summary>
    public static AesGcmKey Key(string provider, ReadOnlySpan<byte> bytes)
    {
        AesGcmKey key = provider == Platform ? AesGcmKey.ImportForPlatform(bytes) : AesGcmKey.Import(bytes);
        Assert.Equal(provider == Platform, key.Sodium is null);
        return key;
    }
}
