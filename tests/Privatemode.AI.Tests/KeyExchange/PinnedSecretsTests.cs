using Privatemode.AI.KeyExchange;
using Privatemode.AI.KeyExchange.Hpke;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.KeyExchange;

public class PinnedSecretsTests
{
    // The pinned heap belongs to the oldest generation from the start; an ordinary small array starts in the youngest.
    [Fact]
    public void LongLivedSecrets_FreshlyMade_LieOnThePinnedHeap()
    {
        using XWingPrivateKey key = XWingPrivateKey.Generate();
        using HpkeExportContext context = HpkeExportContext.ScheduleBase(HpkeSuite.Id, new byte[32], []);
        using InferenceSecret secret = new(new byte[32], new byte[32], default, default);

        Assert.Equal(GC.MaxGeneration, GenerationOf(key, "_x25519"));
        Assert.Equal(GC.MaxGeneration, GenerationOf(context, "_exporterSecret"));
        Assert.Equal(GC.MaxGeneration, GenerationOf(secret.EncryptionKey, "_bytes"));
        Assert.NotEqual(GC.MaxGeneration, GC.GetGeneration(new byte[32]));
    }

    private static int GenerationOf(object owner, string field) =>
        GC.GetGeneration(owner.Field<byte[]>(field));
}
