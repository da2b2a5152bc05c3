using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Encryption.Json;

public sealed class JsonDecryptorTests : IDisposable
{
    private const string Answer = """{"id":"x","choices":[1],"model":"m","usage":{"n":1}}""";

    private static readonly Gen<(GeneratedDocument Document, string[] Plain)> Cases =
        from document in GeneratedDocument.Objects from plain in GeneratedDocument.PlainListFor(document) select (document, plain);

    private readonly AnswerSealer _enclave = new();

    [Fact]
    public void Open_AnyObjectAndPlainList_GivesTheDocument() => Properties.Hold(Cases, test =>
    {
        ClearNames plain = new(test.Plain);
        (AnswerFault fault, string text, DecryptedMember[] members) = Open(_enclave.Restarted().Document(test.Document.Text, plain), plain);
        if (test.Document.Members.All(member => test.Plain.Contains(member.Name)))
        {
            Assert.Equal(AnswerFault.NothingEncrypted, fault);
            return;
        }

        Assert.Equal(AnswerFault.None, fault);
        Assert.Equal(test.Document.Text, text);
        Assert.Equal(test.Document.Members.Select(member => (member.Name, member.Value)), members.Select(member => (member.Name, member.Value)));
        Assert.All(members, member => Assert.Equal(JsonKind.Of(Encoding.UTF8.GetBytes(member.Value)), member.Kind));
    }, 1000);

    [Fact]
    public void Open_AnyArray_GivesTheDocument() => Properties.Hold(GeneratedDocument.Arrays.Where(array => array.Members.Count > 0), array =>
    {
        string wire = _enclave.Restarted().Document(array.Text);
        (AnswerFault fault, string text, DecryptedMember[] members) = Open(wire, AnswerSealer.ChatPlain, allowsArray: true);
        Assert.Equal(AnswerFault.None, fault);
        Assert.Equal(array.Text, text);
        Assert.Equal(array.Members.Select(member => (member.Name, member.Value)), members.Select(member => (member.Name, member.Value)));
    }, 300);

    [Theory]
    [InlineData("{}", nameof(AnswerFault.NothingEncrypted))]
    [InlineData("{\"id\":\"x\",\"usage\":{}}", nameof(AnswerFault.NothingEncrypted))]
    [InlineData("[]", nameof(AnswerFault.NothingEncrypted))]
    [InlineData("", nameof(AnswerFault.NotJson))]
    [InlineData("5", nameof(AnswerFault.NotJson))]
    [InlineData("null", nameof(AnswerFault.NotJson))]
    [InlineData("{\"choices\":", nameof(AnswerFault.NotJson))]
    [InlineData("{\"|\":1}", nameof(AnswerFault.NotJson))]
    [InlineData("{\"\\ud800\":1}", nameof(AnswerFault.NotJson))]
    [InlineData("{\"id\":1,\"id\":1}", nameof(AnswerFault.DuplicateName))]
    [InlineData("{\"choices\":[]}", nameof(AnswerFault.UnencryptedMember))]
    [InlineData("[5]", nameof(AnswerFault.UnencryptedMember))]
    public void Open_NothingEncryptedAsItMustBe_IsRefusedAndLeavesNothing(string answer, string expected) =>
        AssertRefused(Enum.Parse<AnswerFault>(expected), answer, allowsArray: true);

    [Fact]
    public void Open_ArrayWhereNoneIsExpected_IsRefused() => AssertRefused(AnswerFault.NotJson, _enclave.Document("[1,2]"));

    [Fact]
    public void Open_UnencryptedMemberBesideEncryptedOnes_IsRefused() =>
        AssertRefused(AnswerFault.UnencryptedMember, _enclave.Document(Answer).Replace("\"usage\"", "\"usage2\"", StringComparison.Ordinal));

    [Fact]
    public void Open_LongClearMember_IsRefused()
    {
        string answer = _enclave.Document(Answer);
        string longer = answer.Replace("\"id\":\"x\"", $"\"id\":\"{new string('x', 300_000)}\"", StringComparison.Ordinal);
        Assert.NotEqual(answer, longer);
        AssertRefused(AnswerFault.InvalidUnauthenticatedMember, longer);
    }

    [Fact]
    public void Open_PlainNameInOtherCase_IsRefused() =>
        AssertRefused(AnswerFault.UnencryptedMember, _enclave.Document(Answer).Replace("\"id\"", "\"Id\"", StringComparison.Ordinal));

    [Fact]
    public void Open_EncryptedMemberTwice_IsRefused()
    {
        using JsonDocument dom = JsonDocument.Parse(_enclave.Document(Answer));
        string model = dom.RootElement.GetProperty("model").GetRawText();
        AssertRefused(AnswerFault.DuplicateName, dom.RootElement.GetRawText()[..^1] + $",\"model\":{model}}}");
        AssertRefused(AnswerFault.NotAuthentic, dom.RootElement.GetRawText()[..^1] + $",\"model2\":{model}}}");
    }

    [Fact]
    public void Open_FirstMemberDropped_IsRefused()
    {
        using JsonDocument dom = JsonDocument.Parse(_enclave.Document(Answer));
        AssertRefused(AnswerFault.NotAuthentic, $$"""{"id":"x","model":{{dom.RootElement.GetProperty("model").GetRawText()}}}""");
    }

    [Fact]
    public void Open_TwoValuesSwapped_IsRefused()
    {
        using JsonDocument dom = JsonDocument.Parse(_enclave.Document(Answer));
        (string choices, string model) = (dom.RootElement.GetProperty("choices").GetRawText(), dom.RootElement.GetProperty("model").GetRawText());
        AssertRefused(AnswerFault.NotAuthentic, $$"""{"choices":{{model}},"model":{{choices}}}""");
    }

    [Fact]
    public void Open_MemberRenamedAcrossAnother_IsRefused() =>
        AssertRefused(AnswerFault.NotAuthentic, _enclave.Document(Answer).Replace("\"choices\"", "\"nochoices\"", StringComparison.Ordinal));

    [Fact]
    public void Open_LastValueAltered_LeavesNothingOfTheFirst()
    {
        string wire = _enclave.Document(Answer);
        int at = wire.IndexOf("\",\"usage\"", StringComparison.Ordinal) - 1;
        AssertRefused(AnswerFault.NotAuthentic, wire[..at] + (wire[at] == '0' ? '1' : '0') + wire[(at + 1)..]);
    }

    [Fact]
    public void Open_ColonInTheCiphertext_IsUnsealed()
    {
        string wire = _enclave.Document(Answer);
        int at = wire.IndexOf("\",\"usage\"", StringComparison.Ordinal) - 4;
        AssertRefused(AnswerFault.UnencryptedMember, wire[..at] + ":" + wire[(at + 1)..]);
    }

    [Fact]
    public void Open_RequestSentBack_IsReflected()
    {
        using ExchangeCipher cipher = _enclave.Client();
        using JsonIndex index = new();
        Assert.Equal(JsonShape.Usable, index.Read("{\"choices\":[]}"u8));
        using PooledBytes request = JsonEncryptor.Encrypt("{\"choices\":[]}"u8, index, AnswerSealer.ChatPlain, cipher);
        using DecryptedDocument opened = new();
        ResponseSchema shape = new(AnswerSealer.ChatPlain, "choices"u8.ToArray(), JsonTokenType.StartArray);
        Assert.Equal(AnswerFault.Reflected, opened.Decrypt(request.Span, shape, cipher));
        Assert.Equal(AnswerFault.AlreadyFailed, opened.Decrypt(Encoding.UTF8.GetBytes(_enclave.Document(Answer)), shape, cipher));
    }

    [Fact]
    public void Open_EveryByteAltered_OpensTheSameValuesOrNone()
    {
        byte[] wire = Encoding.UTF8.GetBytes(_enclave.Document("""{"id":"x","choices":[1],"model":"m"}"""));
        int opened = 0;
        for (int at = 0; at < wire.Length; at++)
        {
            byte original = wire[at];
            for (int other = 0; other < 256; other += other is >= 0x20 and < 0x7F ? 1 : 5)
            {
                wire[at] = (byte)other;
                (AnswerFault fault, string text, DecryptedMember[] members) = Open(wire, AnswerSealer.ChatPlain);
                if (fault != AnswerFault.None)
                {
                    Assert.Equal("", text);
                    continue;
                }

                // Names, plain members and white space are not authenticated. Values are.
                opened++;
                Assert.Equal(["[1]", "\"m\""], members.Where(member => member.WasEncrypted).Select(member => member.Value));
            }

            wire[at] = original;
        }

        Assert.InRange(opened, 500, 15_000);
    }

    public void Dispose() => _enclave.Dispose();

    private void AssertRefused(AnswerFault expected, string answer, bool allowsArray = false)
    {
        (AnswerFault fault, string text, DecryptedMember[] members) = Open(answer, AnswerSealer.ChatPlain, allowsArray);
        Assert.Equal(expected, fault);
        Assert.Equal("", text);
        Assert.Empty(members);
    }

    private (AnswerFault Fault, string Text, DecryptedMember[] Members) Open(string answer, ClearNames plain, bool allowsArray = false) =>
        Open(Encoding.UTF8.GetBytes(answer), plain, allowsArray);

    /// <summary>Opens with a fresh client; all that the opened document tells about itself.</summary>
    private (AnswerFault Fault, string Text, DecryptedMember[] Members) Open(byte[] answer, ClearNames plain, bool allowsArray = false)
    {
        using ExchangeCipher cipher = _enclave.Client();
        using DecryptedDocument opened = new(16);
        AnswerFault fault = opened.Decrypt(answer, new ResponseSchema(plain, "choices"u8.ToArray(), JsonTokenType.StartArray, allowsArray), cipher);
        using JsonIndex names = new();
        List<DecryptedMember> members = [];
        if (names.Read(answer, allowsArray) == JsonShape.Usable)
        {
            foreach (ref readonly JsonMember member in names.Members)
            {
                if (opened.TryGet(names.Name(member), out ReadOnlySpan<byte> value, out JsonTokenType kind))
                {
                    string name = Encoding.UTF8.GetString(names.Name(member));
                    members.Add(new DecryptedMember(name, Encoding.UTF8.GetString(value), kind, !plain.Contains(names.Name(member))));
                }
            }
        }

        return (fault, Encoding.UTF8.GetString(opened.Text), [.. members]);
    }

    private sealed record DecryptedMember(string Name, string Value, JsonTokenType Kind, bool WasEncrypted);
}
