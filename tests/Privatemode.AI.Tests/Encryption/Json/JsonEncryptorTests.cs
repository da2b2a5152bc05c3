using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Encryption.Json;

[Collection(ContentArraysAlone.Name)]
public sealed class JsonEncryptorTests
{
    private static readonly Gen<(GeneratedDocument Document, string[] Plain)> Cases =
        from document in GeneratedDocument.Objects from plain in GeneratedDocument.PlainListFor(document) select (document, plain);

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(FieldCipher.KeySize);

    [Fact]
    public void Encrypt_AnyObjectAndPlainList_OpensAtThePeer() => Properties.Hold(Cases, test =>
    {
        string wire = Seal(test.Document.Text, test.Plain);
        Dictionary<string, string> opened = NaivePeer.Open(wire, _key, test.Plain);
        GeneratedMember[] expected = [.. test.Document.Members.Where(member => !test.Plain.Contains(member.Name))];
        Assert.Equal(expected.Length, opened.Count);
        Assert.All(expected, member => Assert.Equal(member.Value, opened[member.Name]));
    }, 1000);

    [Fact]
    public void Encrypt_AnyObjectAndPlainList_KeepsAllOtherBytes() => Properties.Hold(Cases, test =>
    {
        // The sealed texts put back by their plaintexts, member by member, give the document as it was.
        string wire = Seal(test.Document.Text, test.Plain);
        using JsonDocument dom = JsonDocument.Parse(wire, new JsonDocumentOptions { MaxDepth = 256 });
        string[] encryptedTexts = [.. dom.RootElement.EnumerateObject().Select(member => member.Value.GetRawText())];
        StringBuilder restored = new(wire);
        for (int i = 0; i < encryptedTexts.Length; i++)
        {
            GeneratedMember member = test.Document.Members[i];
            if (!test.Plain.Contains(member.Name))
            {
                Assert.True(EncryptedValue.IsEncryptedWith(Encoding.UTF8.GetBytes(encryptedTexts[i]), "id"u8));
                restored.Replace(encryptedTexts[i], member.Value);
            }
        }

        Assert.Equal(test.Document.Text, restored.ToString());
    }, 500);

    [Fact]
    public void Encrypt_NothingToEncrypt_GivesTheDocument()
    {
        Assert.Equal("{}", Seal("{}", []));
        Assert.Equal(" { \"model\" : \"x\" } ", Seal(" { \"model\" : \"x\" } ", ["model"]));
    }

    [Fact]
    public void Encrypt_AfterTheAnswerHasBegun_ThrowsAndReturnsItsMemory()
    {
        using ExchangeCipher cipher = AesGcmKey.Import(_key).NewExchange("id"u8.ToArray());
        using JsonIndex index = new();
        Assert.Equal(JsonShape.Usable, index.Read("{\"a\":1}"u8));
        _ = cipher.Decrypt("null"u8, []);
        Assert.Throws<InvalidOperationException>(() => JsonEncryptor.Encrypt("{\"a\":1}"u8, index, new ClearNames(), cipher));
    }

    [Fact]
    public void Encrypt_LargeValue_AllocatesNothingBeyondPooledBuffers()
    {
        const int Size = 1024 * 1024; // more than twice that is not kept for reuse
        ContentArraysAlone.ReleaseRetained();
        byte[] document = [.. "{\"model\":\"m\",\"input\":\""u8, .. new byte[Size], .. "\"}"u8];
        document.AsSpan(22, Size).Fill((byte)'x');
        ClearNames plain = new("model");
        long least = long.MaxValue;

        // The first round fills the pool; a collection may empty it in between, hence the best of a few.
        for (int round = 0; round < 4; round++)
        {
            using ExchangeCipher cipher = AesGcmKey.Import(_key).NewExchange("id"u8.ToArray());
            using JsonIndex index = new();
            Assert.Equal(JsonShape.Usable, index.Read(document));
            long before = GC.GetAllocatedBytesForCurrentThread();
            using PooledBytes output = JsonEncryptor.Encrypt(document, index, plain, cipher);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            Assert.True(output.Length > 2 * Size);
        }

        Assert.InRange(least, 0, 1024);
    }

    private string Seal(string document, string[] plain)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(document);
        using ExchangeCipher cipher = AesGcmKey.Import(_key).NewExchange("id"u8.ToArray());
        using JsonIndex index = new();
        Assert.Equal(JsonShape.Usable, index.Read(bytes));
        using PooledBytes output = JsonEncryptor.Encrypt(bytes, index, new ClearNames(plain), cipher);
        return Encoding.UTF8.GetString(output.Span);
    }
}
