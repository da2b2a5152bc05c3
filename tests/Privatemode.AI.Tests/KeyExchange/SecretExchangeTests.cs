using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Privatemode.AI.KeyExchange;
using Privatemode.AI.KeyExchange.Hpke;
using Privatemode.AI.Testing.SecretService;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.KeyExchange;

public class SecretExchangeTests
{
    [Fact]
    public void Complete_AnswerOfTheResponder_GivesBothSidesTheSameSecret()
    {
        using FakeMesh mesh = new();
        using SecretExchange exchange = SecretExchange.Create();
        SecretExchangeResponder responder = new(mesh.LeafDer(), mesh.LeafKey);
        DateTimeOffset sentAt = FakeMesh.Now.AddSeconds(-3);

        SecretExchangeReply reply = responder.Answer(exchange.RequestBody);
        using InferenceSecret secret = exchange.Complete(
            reply.Body, MeshCertificateAuthority.FromPem(mesh.AuthorityPem()), FakeMesh.Names, FakeMesh.Now, sentAt);

        Assert.Equal(reply.Secret, secret.Key);
        Assert.Equal(reply.SecretId, secret.Id);
        Assert.Equal(FakeMesh.Now, secret.ObtainedAt);
        Assert.Equal(sentAt.AddMinutes(45), secret.ExpiresAt);
    }

    [Fact]
    public void Create_Twice_NeverSendsTheSameKey()
    {
        using SecretExchange one = SecretExchange.Create();
        using SecretExchange two = SecretExchange.Create();
        Assert.False(one.RequestBody.Span.SequenceEqual(two.RequestBody.Span));
    }

    [Fact]
    public void RequestBody_Always_IsTheKeyInStandardBase64WithoutEscapes()
    {
        XWingPrivateKey privateKey = XWingPrivateKey.Generate();
        using SecretExchange exchange = new(privateKey);
        string key = Convert.ToBase64String(privateKey.PublicKey);
        Assert.Equal("{\"PublicKey\":\"" + key + "\"}", Encoding.UTF8.GetString(exchange.RequestBody.Span));
    }

    [Fact]
    public void SecretLifetime_Always_Is45Minutes() => Assert.Equal(TimeSpan.FromMinutes(45), SecretExchange.SecretLifetime);

    [Fact]
    public void Complete_Twice_Throws()
    {
        using SecretExchangeScene scene = new();
        using InferenceSecret secret = scene.Play();
        Assert.Throws<InvalidOperationException>(scene.Play);
    }

    [Fact]
    public void Complete_AfterFailure_Throws()
    {
        using SecretExchangeScene scene = new() { Body = "{}" };
        Assert.Throws<PrivatemodeVerificationException>(scene.Play);
        scene.Body = null;
        Assert.Throws<InvalidOperationException>(scene.Play);
    }

    [Fact]
    public void Complete_AfterDispose_Throws()
    {
        using SecretExchangeScene scene = new();
        scene.Exchange.Dispose();
        Assert.Throws<InvalidOperationException>(scene.Play);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Complete_SuccessOrFailure_ZeroesThePrivateKey(bool success)
    {
        using SecretExchangeScene scene = new() { Body = success ? null : "{}" };
        Assert.True(scene.Exchange.Field<XWingPrivateKey>("_privateKey").Field<byte[]>("_x25519").AsSpan().ContainsAnyExcept((byte)0));
        if (success)
        {
            scene.Play().Dispose();
        }
        else
        {
            Assert.Throws<PrivatemodeVerificationException>(scene.Play);
        }

        AssertZeroed(scene.Exchange);
    }

    [Fact]
    public void Dispose_Unused_ZeroesThePrivateKeyAtOnce()
    {
        SecretExchange exchange = SecretExchange.Create();
        exchange.Dispose();
        AssertZeroed(exchange);
        exchange.Dispose();
    }

    [Fact]
    public void Complete_ByTwoThreadsAtOnce_IsCarriedOutOnce()
    {
        const int Rounds = 300;
        using FakeMesh mesh = new();
        MeshCertificateAuthority authority = MeshCertificateAuthority.FromPem(mesh.AuthorityPem());
        for (int round = 0; round < Rounds; round++)
        {
            using SecretExchange exchange = SecretExchange.Create();
            int ready = 0;
            int carriedOut = 0;
            void Race()
            {
                Interlocked.Increment(ref ready);
                while (Volatile.Read(ref ready) != 2)
                {
                    Thread.SpinWait(1); // both must arrive within nanoseconds
                }

                try
                {
                    exchange.Complete("{}"u8.ToArray(), authority, FakeMesh.Names, FakeMesh.Now, FakeMesh.Now);
                }
                catch (PrivatemodeVerificationException)
                {
                    Interlocked.Increment(ref carriedOut);
                }
                catch (InvalidOperationException)
                {
                }
            }

            Thread other = new(Race);
            other.Start();
            Race();
            other.Join();
            Assert.Equal(1, carriedOut);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    public void Answer_NotJson_Throws(string request) =>
        Assert.ThrowsAny<JsonException>(() => Answer(request));

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("{\"PublicKey\":1}")]
    [InlineData("{\"PublicKey\":\"*\"}")]
    public void Answer_NoKey_Throws(string request) => Assert.Throws<FormatException>(() => Answer(request));

    [Fact]
    public void Answer_InvalidKey_Throws()
    {
        byte[] notBelowQ = new byte[XWing.PublicKeySize];
        Array.Fill(notBelowQ, (byte)0xFF);
        Assert.Throws<CryptographicException>(() => Answer("{\"PublicKey\":\"AAAA\"}"));
        Assert.Throws<CryptographicException>(() => Answer("{\"PublicKey\":\"" + Convert.ToBase64String(notBelowQ) + "\"}"));
    }

    private static SecretExchangeReply Answer(string request)
    {
        using FakeMesh mesh = new();
        return new SecretExchangeResponder(mesh.LeafDer(), mesh.LeafKey).Answer(Encoding.UTF8.GetBytes(request));
    }

    private static void AssertZeroed(SecretExchange exchange)
    {
        XWingPrivateKey key = exchange.Field<XWingPrivateKey>("_privateKey");
        Assert.False(key.Field<byte[]>("_x25519").AsSpan().ContainsAnyExcept((byte)0));
        Assert.Throws<ObjectDisposedException>(
            () => key.Field<MlKem768PrivateKey>("_mlKem").Decapsulate(new byte[MlKem768.CiphertextSize], new byte[32]));
    }
}
