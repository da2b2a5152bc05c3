using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Encryption.Json;

public sealed class DecryptedDocumentTests : IDisposable
{
    private static readonly string[] Names = ["first", "id", "middle", "usage", "last"];

    private static readonly ResponseSchema Shape = new(AnswerSealer.ChatPlain, "middle"u8.ToArray(), JsonTokenType.StartObject);

    private readonly AnswerSealer _enclave = new();
    private readonly DecryptedDocument _opened = new(16);

    [Theory]
    [InlineData("first")]
    [InlineData("id")]
    [InlineData("middle")]
    [InlineData("usage")]
    [InlineData("last")]
    public void Replace_Member_KeepsAllOthers(string name)
    {
        Dictionary<string, string> expected = Open();
        foreach (string value in (string[])["null", "7", "[1]", $"\"{new string('x', 3000)}\"", "{}", "\"y\""])
        {
            _opened.Replace(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(value));
            expected[name] = value;
            AssertHolds(expected);
        }
    }

    [Fact]
    public void Replace_EveryMemberInTurn_GivesOneDocument()
    {
        Dictionary<string, string> expected = Open();
        foreach (string name in Names.Reverse().Concat(Names))
        {
            expected[name] = expected[name].Length > 5 ? "0" : $"\"{name} {name} {name}\"";
            _opened.Replace(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(expected[name]));
            AssertHolds(expected);
        }
    }

    public static TheoryData<int> EveryChoice => [.. Enumerable.Range(0, 1 << 5)];

    [Theory]
    [MemberData(nameof(EveryChoice))]
    public void KeepOnly_SomeMembers_GivesADocumentOfThose(int choice)
    {
        Dictionary<string, string> expected = Open();
        string[] kept = [.. Names.Where((_, i) => (choice & (1 << i)) != 0)];
        _opened.KeepOnly(name => kept.Contains(Encoding.UTF8.GetString(name)));
        Assert.Equal(kept.Length, _opened.Count);
        string text = Encoding.UTF8.GetString(_opened.Text);
        Assert.Equal($"{{{string.Join(',', kept.Select(name => $"\"{name}\":{expected[name]}"))}}}", text);
        foreach (string name in Names)
        {
            Assert.Equal(kept.Contains(name), _opened.TryGet(Encoding.UTF8.GetBytes(name), out ReadOnlySpan<byte> value, out _));
            Assert.Equal(kept.Contains(name) ? expected[name] : "", Encoding.UTF8.GetString(value));
        }

        if (kept.Length > 0)
        {
            _opened.Replace(Encoding.UTF8.GetBytes(kept[0]), "[1,2]"u8);
            Assert.StartsWith($"{{\"{kept[0]}\":[1,2]", Encoding.UTF8.GetString(_opened.Text), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void KeepOnly_NamesThatNeedEscapesOrStandApart_AreWrittenPlainly()
    {
        using ExchangeCipher cipher = _enclave.Client();
        string document = _enclave.Document(""" { "a\"b" : 1 , "\u0063" :  {"d" : 2} ,"é":3,"id":"x" } """);
        Assert.Equal(AnswerFault.None, _opened.Decrypt(Encoding.UTF8.GetBytes(document), Shape, cipher));
        _opened.KeepOnly(_ => true);
        Assert.Equal("""{"c":{"d" : 2},"id":"x"}""", Encoding.UTF8.GetString(_opened.Text));
    }

    [Fact]
    public void Replace_NoSuchMember_Throws()
    {
        Dictionary<string, string> expected = Open();
        Assert.Throws<ArgumentOutOfRangeException>(() => _opened.Replace("other"u8, "1"u8));
        AssertHolds(expected);
    }

    [Fact]
    public void TryGet_NoSuchMember_IsFalse()
    {
        Open();
        Assert.False(_opened.TryGet("other"u8, out ReadOnlySpan<byte> value, out JsonTokenType kind));
        Assert.True(value.IsEmpty);
        Assert.Equal(JsonTokenType.None, kind);
        Assert.False(new DecryptedDocument().TryGet("first"u8, out _, out _));
    }

    [Theory]
    [InlineData("{\"first\":1}", nameof(AnswerFault.UnencryptedMember))]
    [InlineData("{\"first\":", nameof(AnswerFault.NotJson))]
    [InlineData("{\"id\":\"first\"}", nameof(AnswerFault.NothingEncrypted))]
    [InlineData("{\"first\":1,\"first\":1}", nameof(AnswerFault.DuplicateName))]
    public void Open_FailureAfterASuccess_LeavesNothingOfEither(string bad, string expected)
    {
        using ExchangeCipher cipher = _enclave.Client();
        Assert.Equal(AnswerFault.None, _opened.Decrypt(Encoding.UTF8.GetBytes(_enclave.Document("{\"first\":[1,2,3]}")), Shape, cipher));
        Assert.Equal(Enum.Parse<AnswerFault>(expected), _opened.Decrypt(Encoding.UTF8.GetBytes(bad), Shape, cipher));
        Assert.True(_opened.Text.IsEmpty);
        Assert.False(_opened.TryGet("first"u8, out _, out _));
        Assert.False(_opened.TryGet("id"u8, out _, out _));
    }

    [Theory]
    [InlineData("{\"middle\":{}}", true)]
    [InlineData("{\"middle\":  {}  }", true)]
    [InlineData("{\"middle\":[]}", false)]
    [InlineData("{\"middle\":\"{}\"}", false)]
    [InlineData("{\"middle\":null}", false)]
    [InlineData("{\"other\":{}}", false)]
    public void HasPayload_OpenedAnswer_DependsOnTheOpenedKind(string answer, bool expected)
    {
        using ExchangeCipher cipher = _enclave.Client();
        Assert.Equal(AnswerFault.None, _opened.Decrypt(Encoding.UTF8.GetBytes(_enclave.Document(answer)), Shape, cipher));
        Assert.Equal(expected, Shape.HasPayload(_opened));
    }

    [Fact]
    public void Open_ValueOfWhiteSpaceAroundIt_KeepsTheKind()
    {
        // The peer seals the raw text of a value; a peer that takes white space along does no harm.
        using ExchangeCipher cipher = _enclave.Client();
        byte[] answer = Encoding.UTF8.GetBytes($"{{\"first\":{_enclave.Value(" \r\n[1] ")}}}");
        Assert.Equal(AnswerFault.None, _opened.Decrypt(answer, Shape, cipher));
        Assert.True(_opened.TryGet("first"u8, out ReadOnlySpan<byte> value, out JsonTokenType kind));
        Assert.Equal(JsonTokenType.StartArray, kind);
        Assert.Equal(" \r\n[1] ", Encoding.UTF8.GetString(value));
    }

    [Fact]
    public void Open_ArrayOfManyElements_HasThemAll()
    {
        using ExchangeCipher cipher = _enclave.Client();
        string document = _enclave.Document($"[{string.Join(',', Enumerable.Range(0, 2500))}]");
        Assert.Equal(AnswerFault.None, _opened.Decrypt(Encoding.UTF8.GetBytes(document), Shape with { AllowsArray = true }, cipher));
        Assert.Equal(2500, _opened.Count);
    }

    // Their index would take many times as much memory as the answer.
    [Fact]
    public void Open_MoreElementsThanEncryptedValuesHaveRoom_IsRefusedAsMalformed()
    {
        using ExchangeCipher cipher = _enclave.Client();
        byte[] answer = Encoding.UTF8.GetBytes($"[{string.Join(',', Enumerable.Repeat(1, 5000))}]");
        Assert.Equal(AnswerFault.NotJson, _opened.Decrypt(answer, Shape with { AllowsArray = true }, cipher));
    }

    [Fact]
    public void HasEncrypted_IsOfTheLastDocument()
    {
        using ExchangeCipher cipher = _enclave.Client();
        ResponseSchema mayBePlain = Shape with { MayBePlain = true };
        byte[] plain = "{\"id\":\"x\"}"u8.ToArray();
        byte[] encrypted = Encoding.UTF8.GetBytes(_enclave.Document("{\"first\":1}"));
        Assert.Equal(AnswerFault.None, _opened.Decrypt(plain, mayBePlain, cipher));
        Assert.False(_opened.HasEncrypted);
        Assert.Equal("{\"id\":\"x\"}", Encoding.UTF8.GetString(_opened.Text));
        Assert.Equal(AnswerFault.None, _opened.Decrypt(encrypted, mayBePlain, cipher));
        Assert.True(_opened.HasEncrypted);
        Assert.Equal(AnswerFault.None, _opened.ReadUnencrypted(plain, allowsArray: false));
        Assert.False(_opened.HasEncrypted);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"id\":\"x\"")]
    [InlineData("{\"id\":1,\"id\":2}")]
    [InlineData("[1]")]
    [InlineData("{}{}")]
    public void ReadUnencrypted_DocumentWithAFault_IsRefusedAndEmpty(string document)
    {
        Assert.Equal(AnswerFault.None, _opened.ReadUnencrypted("{\"id\":\"x\"}"u8.ToArray(), allowsArray: false));
        Assert.NotEqual(AnswerFault.None, _opened.ReadUnencrypted(Encoding.UTF8.GetBytes(document), allowsArray: false));
        Assert.True(_opened.Text.IsEmpty);
        Assert.Equal(0, _opened.Count);
    }

    [Theory]
    [InlineData("{\"first\":1}", JsonTokenType.StartObject, true)]
    [InlineData("{\"first\":1}", JsonTokenType.StartArray, false)]
    [InlineData(" \r\n\t[1]", JsonTokenType.StartArray, true)]
    [InlineData("[1]", JsonTokenType.StartObject, false)]
    public void HasPayload_TheDocumentItself_IsEncryptedAndOfTheKind(string answer, JsonTokenType kind, bool expected)
    {
        using ExchangeCipher cipher = _enclave.Client();
        ResponseSchema whole = new(AnswerSealer.ChatPlain, default, kind, AllowsArray: true);
        Assert.Equal(AnswerFault.None, _opened.Decrypt(Encoding.UTF8.GetBytes(_enclave.Document(answer)), whole, cipher));
        Assert.Equal(expected, whole.HasPayload(_opened));
        Assert.Equal(AnswerFault.None, _opened.ReadUnencrypted(Encoding.UTF8.GetBytes(answer), allowsArray: true));
        Assert.False(whole.HasPayload(_opened));
    }

    // 256 KiB, and a 32nd part of the answer.
    [Fact]
    public void Open_ClearPart_IsBoundedToTheByte()
    {
        string answer = _enclave.Document("{\"first\":1,\"id\":\"\"}");
        int encrypted = answer.IndexOf(",\"id\"", StringComparison.Ordinal) - "{\"first\":".Length;
        int clear = 256 * 1024;
        while (clear < 256 * 1024 + (encrypted + clear + 1) / 32)
        {
            clear++;
        }

        foreach ((int more, AnswerFault expected) in ((int, AnswerFault)[])[(0, AnswerFault.None), (1, AnswerFault.InvalidUnauthenticatedMember)])
        {
            using ExchangeCipher cipher = _enclave.Client();
            string id = new('x', clear - (answer.Length - encrypted) + more);
            Assert.Equal(expected, _opened.Decrypt(Encoding.UTF8.GetBytes($"{answer[..^2]}{id}\"}}"), Shape, cipher));
        }
    }

    [Fact]
    public void Dispose_Twice_WipesOnce()
    {
        _ = Open();
        _opened.Dispose();
        _opened.Dispose();
        Assert.Equal(0, _opened.Count);

        // A buffer that was returned cannot be read, and is wiped.
        Assert.Throws<ObjectDisposedException>(() => _opened.Text.Length);
    }

    [Fact]
    public void Detach_GivesTheTextAndLeavesNothing()
    {
        _ = Open();
        byte[] text = _opened.Text.ToArray();
        using MemoryStream detached = _opened.Detach();
        Assert.Equal(text, detached.ToArray());
        Assert.Equal((0, 0), (_opened.Count, _opened.Text.Length));
    }

    public void Dispose()
    {
        _opened.Dispose();
        _enclave.Dispose();
    }

    private Dictionary<string, string> Open()
    {
        using ExchangeCipher cipher = _enclave.Client();
        string document = """ {"first":[1,2], "id" : "plain","middle":{"a":"b"},"usage":{"n":1},"last":"end" } """;
        Assert.Equal(AnswerFault.None, _opened.Decrypt(Encoding.UTF8.GetBytes(_enclave.Document(document)), Shape, cipher));
        Dictionary<string, string> expected = new()
        {
            ["first"] = "[1,2]",
            ["id"] = "\"plain\"",
            ["middle"] = "{\"a\":\"b\"}",
            ["usage"] = "{\"n\":1}",
            ["last"] = "\"end\"",
        };
        AssertHolds(expected);
        return expected;
    }

    private void AssertHolds(Dictionary<string, string> expected)
    {
        string document = $$""" {"first":{{expected["first"]}}, "id" : {{expected["id"]}},"middle":{{expected["middle"]}},"""
            + $$""" "usage":{{expected["usage"]}},"last":{{expected["last"]}} } """[1..];
        Assert.Equal(document, Encoding.UTF8.GetString(_opened.Text));
        foreach ((string name, string value) in expected)
        {
            Assert.True(_opened.TryGet(Encoding.UTF8.GetBytes(name), out ReadOnlySpan<byte> raw, out JsonTokenType kind));
            Assert.Equal(value, Encoding.UTF8.GetString(raw));
            Assert.Equal(JsonKind.Of(Encoding.UTF8.GetBytes(value)), kind);
        }
    }
}
