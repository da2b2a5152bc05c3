using System.Text;
using Privatemode.AI.Encryption;
using Privatemode.AI.KeyExchange;
using Privatemode.AI.Tests.Encryption;

namespace Privatemode.AI.Tests.KeyExchange;

public class InferenceSecretTests
{
    private static readonly DateTimeOffset ObtainedAt = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly byte[] Key = [.. Enumerable.Range(1, InferenceSecret.Size).Select(i => (byte)i)];
    private static readonly byte[] Hash = [.. Enumerable.Range(200, 32).Select(i => (byte)i)];

    [Fact]
    public void New_ValidParts_HoldsThem()
    {
        using InferenceSecret secret = Make();
        Assert.Equal(Key, secret.Key);
        Assert.Equal(Convert.ToBase64String(Hash), secret.Id);
        Assert.Equal(secret.Id, Encoding.UTF8.GetString(secret.IdUtf8.Span));
        Assert.Equal(ObtainedAt, secret.ObtainedAt);
        Assert.Equal(ObtainedAt.AddMinutes(45), secret.ExpiresAt);
    }

    [Fact]
    public void New_CallersCopyCleared_KeepsItsOwn()
    {
        byte[] callers = [.. Key];
        using InferenceSecret secret = new(callers, Hash, ObtainedAt, ObtainedAt);
        Array.Clear(callers);
        Assert.Equal(Key, secret.Key);
    }

    [Theory]
    [InlineData(0, 32)]
    [InlineData(31, 32)]
    [InlineData(33, 32)]
    [InlineData(32, 31)]
    [InlineData(32, 33)]
    public void New_WrongLength_Throws(int key, int hash) =>
        Assert.Throws<ArgumentException>(() => new InferenceSecret(new byte[key], new byte[hash], ObtainedAt, ObtainedAt));

    [Fact]
    public void Dispose_OnlyOwner_ZeroesAndEndsUse()
    {
        InferenceSecret secret = Make();
        ReadOnlySpan<byte> memory = secret.Key;

        secret.Dispose();

        Assert.False(memory.ContainsAnyExcept((byte)0));
        Assert.Throws<ObjectDisposedException>(() => secret.Key.Length);
        Assert.False(secret.TryAddReference());
    }

    [Fact]
    public void Dispose_WhileReferenced_ZeroesOnlyAfterTheLastRelease()
    {
        InferenceSecret secret = Make();
        ReadOnlySpan<byte> memory = secret.Key;
        Assert.True(secret.TryAddReference());
        Assert.True(secret.TryAddReference());

        secret.Dispose();
        secret.Release();
        Assert.Equal(Key, secret.Key);

        secret.Release();
        Assert.False(memory.ContainsAnyExcept((byte)0));
        Assert.Throws<ObjectDisposedException>(() => secret.Key.Length);
    }

    // The owner's reference is not a use, and once it is released, it is no longer subtracted.
    [Fact]
    public void IsInUse_OwnerAndOneMore_CountsOnlyTheOther()
    {
        InferenceSecret secret = Make();
        Assert.False(secret.IsInUse);
        Assert.True(secret.TryAddReference());
        Assert.True(secret.IsInUse);

        secret.Dispose();
        Assert.True(secret.IsInUse);

        secret.Release();
        Assert.False(secret.IsInUse);
    }

    // An imported key takes locked memory: one for the secret, which goes with the last lease and not before.
    [Theory]
    [AesGcmProviders(AesGcmProvidersAttribute.Sodium)]
    public void EncryptionKey_WhileReferenced_IsOneThatWorksUntilTheLastRelease(string provider)
    {
        InferenceSecret secret = Make();
        AesGcmKey key = secret.EncryptionKey;
        Assert.Same(key.Sodium, secret.EncryptionKey.Sodium);
        Assert.Equal(AesGcmProvidersAttribute.Sodium, provider);
        Assert.True(secret.TryAddReference());

        secret.Dispose();
        using (FieldCipher cipher = new(secret.EncryptionKey, new byte[FieldCipher.NonceSize]))
        {
            cipher.Encrypt(0, new byte[FieldCipher.IvSize], [1], new byte[1 + FieldCipher.TagSize]);
        }

        secret.Release();
        using FieldCipher late = new(key, new byte[FieldCipher.NonceSize]);
        Assert.Throws<ObjectDisposedException>(() => late.Encrypt(0, new byte[FieldCipher.IvSize], [1], new byte[1 + FieldCipher.TagSize]));
        Assert.Throws<ObjectDisposedException>(() => late.EncryptInPlace(0, new byte[FieldCipher.IvSize], [1], new byte[FieldCipher.TagSize]));
    }

    [Fact]
    public void Dispose_Twice_GivesBackOneReference()
    {
        InferenceSecret secret = Make();
        Assert.True(secret.TryAddReference());
        secret.Dispose();
        secret.Dispose();
        Assert.Equal(Key, secret.Key);
        secret.Release();
    }

    [Fact]
    public void Release_MoreOftenThanTaken_Throws()
    {
        InferenceSecret secret = Make();
        secret.Dispose();
        Assert.Throws<InvalidOperationException>(secret.Release);
        Assert.False(secret.TryAddReference());
    }

    [Fact]
    public void ToString_Always_IsTheIdAlone()
    {
        using InferenceSecret secret = Make();
        Assert.Equal(secret.Id, $"{secret}");
        Assert.DoesNotContain(Convert.ToHexString(Key), $"{secret}", StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(Convert.ToBase64String(Key), $"{secret}", StringComparison.Ordinal);
    }

    [Fact]
    public void References_TakenAndGivenBackByManyThreads_NeverShowAZeroedKey()
    {
        const int Threads = 4;
        const int Rounds = 25;
        for (int round = 0; round < Rounds; round++)
        {
            InferenceSecret secret = Make();
            using Barrier start = new(Threads + 1);
            int zeroSeen = 0;
            Thread[] users = [.. Enumerable.Range(0, Threads).Select(_ => new Thread(() =>
            {
                start.SignalAndWait();
                while (secret.TryAddReference())
                {
                    if (!secret.Key.SequenceEqual(Key))
                    {
                        Interlocked.Increment(ref zeroSeen);
                    }

                    secret.Release();
                }
            }))];
            foreach (Thread user in users)
            {
                user.Start();
            }

            ReadOnlySpan<byte> memory = secret.Key;
            start.SignalAndWait();
            secret.Dispose();
            foreach (Thread user in users)
            {
                user.Join();
            }

            Assert.Equal(0, zeroSeen);
            Assert.False(memory.ContainsAnyExcept((byte)0));
        }
    }

    private static InferenceSecret Make() => new(Key, Hash, ObtainedAt, ObtainedAt.AddMinutes(45));
}
