using System.Runtime.CompilerServices;
using Privatemode.AI.Encryption;

namespace Privatemode.AI.Tests.Encryption;

/// <summary>The limit on keys of libsodium and the switch that forbids them, which are those of the process: other tests would meet them.</summary>
[Collection(SodiumKeysAlone.Name)]
public sealed class SodiumKeyLimitTests
{
    private static readonly byte[] Bytes = new byte[AesGcmKey.Size];

    [Theory]
    [AesGcmProviders(AesGcmProvidersAttribute.Sodium)]
    public void SodiumKeys_MoreThanTheLimit_AreLeftToThePlatform(string provider)
    {
        List<AesGcmKey> keys = [];
        try
        {
            // Keys that earlier tests dropped count until they are collected.
            GC.Collect();
            GC.WaitForPendingFinalizers();
            while (keys.Count <= SodiumAesGcmKey.MaxKeys)
            {
                keys.Add(AesGcmKey.Import(Bytes));
            }

            Assert.NotNull(keys[0].Sodium);
            Assert.Null(keys[^1].Sodium);
            AssertWorks(keys[0]);
            AssertWorks(keys[^1]);
            keys[0].Dispose();
            using AesGcmKey next = AesGcmProvidersAttribute.Key(provider, Bytes);
        }
        finally
        {
            keys.ForEach(key => key.Dispose());
        }
    }

    // Keys that nobody disposed must not count for ever.
    [Theory]
    [AesGcmProviders(AesGcmProvidersAttribute.Sodium)]
    public void SodiumKeys_DroppedWithoutDispose_AreGivenBack(string provider)
    {
        for (int round = 0; round < 3; round++)
        {
            Drop(SodiumAesGcmKey.MaxKeys / 2);
            GC.Collect();
            GC.WaitForPendingFinalizers();
            using AesGcmKey key = AesGcmProvidersAttribute.Key(provider, Bytes);
        }
    }

    [Theory]
    [AesGcmProviders(AesGcmProvidersAttribute.Sodium)]
    public void Switch_PlatformOnly_LeavesNewKeysToThePlatform(string provider)
    {
        AppContext.SetSwitch("Privatemode.AI.PlatformAesGcmOnly", true);
        try
        {
            using AesGcmKey key = AesGcmKey.Import(Bytes);
            Assert.Null(key.Sodium);
            AssertWorks(key);
        }
        finally
        {
            AppContext.SetSwitch("Privatemode.AI.PlatformAesGcmOnly", false);
        }

        using AesGcmKey next = AesGcmProvidersAttribute.Key(provider, Bytes);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Drop(int count)
    {
        for (int i = 0; i < count; i++)
        {
            _ = AesGcmKey.Import(Bytes);
        }
    }

    private static void AssertWorks(AesGcmKey key)
    {
        using FieldCipher sender = new(key, new byte[FieldCipher.NonceSize]);
        using FieldCipher receiver = new(key, new byte[FieldCipher.NonceSize]);
        byte[] encryptedBytes = new byte[3 + FieldCipher.TagSize];
        sender.Encrypt(0, new byte[FieldCipher.IvSize], [1, 2, 3], encryptedBytes);
        byte[] plaintext = new byte[3];
        Assert.True(receiver.TryDecrypt(0, new byte[FieldCipher.IvSize], encryptedBytes, plaintext));
        Assert.Equal([1, 2, 3], plaintext);
    }
}

[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class SodiumKeysAlone
{
    public const string Name = "the keys of libsodium alone";
}
