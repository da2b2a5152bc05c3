using System.Text;
using System.Text.Json;
using Privatemode.AI.Attestation.Tdx;
using Privatemode.AI.Tests.Attestation.Certificates;

namespace Privatemode.AI.Tests.Attestation.Tdx;

/// <summary>Intel's JSON documents, hostile: whatever is not exactly what it should be is refused, by one of two checks.</summary>
public sealed class CollateralJsonTests
{
    private const string SixtyFive = "65 characters, one more than are read, so that this is refused: .";

    private const string SixtyTwo = "62 characters, which together with the two before them are 64.";

    private static readonly string[] OtherValues =
        ["null", "true", "-1", "1.5", "1e400", "99999999999999999999", "\"\"", "\"\\u0041\"", "\"Z\"", "[]", "[1]", "{}"];

    private static readonly string Signature = $"\"signature\":\"{new string('0', 128)}\"";

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\"tcbInfo\"")]
    [InlineData("{}")]
    [InlineData("{\"tcbInfo\":{}}")]
    [InlineData("{\"tcbInfo\":{},SIGNATURE")]
    [InlineData("{\"tcbInfo\":{},SIGNATURE}x")]
    [InlineData("{\"tcbInfo\":{},SIGNATURE}{}")]
    [InlineData("{\"tcbInfo\":{},SIGNATURE,}")]
    [InlineData("{\"tcbInfo\":{},/**/SIGNATURE}")]
    [InlineData("{\"tcbInfo\":[],SIGNATURE}")]
    [InlineData("{\"tcbInfo\":null,SIGNATURE}")]
    [InlineData("{\"tcbInfo\":\"{}\",SIGNATURE}")]
    [InlineData("{\"TcbInfo\":{},SIGNATURE}")]
    [InlineData("{\"enclaveIdentity\":{},SIGNATURE}")]
    [InlineData("{\"tcbInfo\":{},\"tcbInfo\":{},SIGNATURE}")]
    [InlineData("{\"tcbInfo\":{},\"tcb\\u0049nfo\":{},SIGNATURE}")]
    [InlineData("{\"tcbInfo\":{\"id\":1,\"id\":1},SIGNATURE}")]
    [InlineData("{\"tcbInfo\":{\"a\":[{\"b\":{\"c\":1,\"c\":1}}]},SIGNATURE}")]
    [InlineData("{\"tcbInfo\":{},SIGNATURE,SIGNATURE}")]
    [InlineData("{\"tcbInfo\":{\"\\ud800\":1},SIGNATURE}")]
    [InlineData("{\"tcbInfo\":{\"x\":NaN},SIGNATURE}")]
    [InlineData("{\"tcbInfo\":{\"x\":Infinity},SIGNATURE}")]
    [InlineData("{\"tcbInfo\":{\"x\":01},SIGNATURE}")]
    [InlineData("{\"tcbInfo\":{},\"signature\":null}")]
    [InlineData("{\"tcbInfo\":{},\"signature\":\"\"}")]
    [InlineData("{\"tcbInfo\":{},\"signature\":\"00\"}")]
    public void SignedDocument_OfAnInvalidForm_IsRefused(string json) => AssertNoDocument(json.Replace("SIGNATURE", Signature, StringComparison.Ordinal));

    [Fact]
    public void SignedDocument_SignatureOfAnotherForm_IsRefused()
    {
        string digits = new('a', 128);
        Assert.All(
            (string[])[digits[1..], digits + "aa", digits[..127] + "g", digits[..126] + "\\u0061", digits[..127] + "ä", " " + digits[1..]],
            text => AssertNoDocument($"{{\"tcbInfo\":{{}},\"signature\":\"{text}\"}}"));
    }

    [Fact]
    public void SignedDocument_TooDeepOrTooLong_IsRefused()
    {
        string deep = string.Concat(Enumerable.Repeat("[", 14)) + string.Concat(Enumerable.Repeat("]", 14));
        using (SignedDocument document = Parse($"{{\"tcbInfo\":{{\"x\":{deep}}},{Signature}}}"))
        {
            Assert.Equal(64, document.Signature.Length);
        }

        AssertNoDocument($"{{\"tcbInfo\":{{\"x\":[{deep}]}},{Signature}}}");
        string Padded(int length) => $"{{\"tcbInfo\":{{}},{Signature}}}".PadRight(length);
        Parse(Padded(SignedDocument.MaximumLength)).Dispose();
        AssertNoDocument(Padded(SignedDocument.MaximumLength + 1));
    }

    [Fact]
    public void SignedBytes_AreTheBytesThatCame()
    {
        using SignedDocument document = Parse($" {{ \"other\" : 1 , \"tcbInfo\" :  {{ \"a\\u0062\" : 1.0e0 , \"\u00e9\":[ ] }} , {Signature} }} ");
        Assert.Equal("{ \"a\\u0062\" : 1.0e0 , \"\u00e9\":[ ] }", Encoding.UTF8.GetString(document.SignedBytes));
    }

    [Fact]
    public void TcbInfo_Good_GivesEveryField()
    {
        TcbInfo tcbInfo = ReadTcbInfo(CollateralText.TcbInfo(
            CollateralText.Level(advisories: ",\"advisoryIDs\":[\"INTEL-SA-00001\",\"INTEL-SA-00002\"]"),
            $"{CollateralText.Identity("TDX_03", CollateralText.SvnLevel(3))},{CollateralText.Identity("OTHER", CollateralText.SvnLevel(1))}"));

        Assert.Equal(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), tcbInfo.IssueDate);
        Assert.Equal(new DateTimeOffset(2026, 12, 1, 0, 0, 0, TimeSpan.Zero), tcbInfo.NextUpdate);
        Assert.Equal([0xB0, 0xC0, 0x6F, 0, 0, 0], tcbInfo.Fmspc);
        Assert.Equal([0, 0], tcbInfo.PceId);
        Assert.Equal(18, tcbInfo.EvaluationDataNumber);
        Assert.Equal([3, null], tcbInfo.ModuleIdentities.Select(identity => identity.Line));
        TcbFinding finding = Assert.Single(tcbInfo.Levels).Finding;
        Assert.Equal(TcbStatus.UpToDate, finding.Status);
        Assert.Equal(new DateTimeOffset(2025, 3, 12, 0, 0, 0, TimeSpan.Zero), finding.Date);
        Assert.Equal(["INTEL-SA-00001", "INTEL-SA-00002"], finding.Advisories);
    }

    [Theory]
    [InlineData("\"id\":\"TDX\"", "\"id\":\"SGX\"")]
    [InlineData("\"id\":\"TDX\"", "\"id\":\"tdx\"")]
    [InlineData("\"version\":3", "\"version\":2")]
    [InlineData("\"version\":3", "\"version\":4")]
    [InlineData("\"tcbType\":0", "\"tcbType\":1")]
    public void TcbInfo_AboutSomethingElse_IsRefused(string member, string other)
    {
        string text = CollateralText.TcbInfo();
        Assert.Contains(member, text, StringComparison.Ordinal);
        Refusal.Of(TdxChecks.TcbInfoKind, () => ReadTcbInfo(text.Replace(member, other, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("\"id\":\"TD_QE\"", "\"id\":\"QE\"")]
    [InlineData("\"version\":2", "\"version\":3")]
    public void QeIdentity_AboutSomethingElse_IsRefused(string member, string other) =>
        Refusal.Of(TdxChecks.QeIdentityKind, () => ReadQeIdentity(CollateralText.QeIdentity().Replace(member, other, StringComparison.Ordinal)));

    // Each member of the documents, replaced by each kind of value that is not its own, and left out.
    [Fact]
    public void Members_OfAnotherType_AreRefused()
    {
        foreach ((string text, Action<string> read, string[] checks) in Documents())
        {
            int replaced = 0;
            foreach (string member in MembersOf(text))
            {
                string name = member[..member.IndexOf(':', StringComparison.Ordinal)];
                foreach (string value in OtherValues)
                {
                    string damaged = text.Replace(member, $"{name}:{value}", StringComparison.Ordinal);
                    PrivatemodeVerificationException refusal = Assert.Throws<PrivatemodeVerificationException>(() => read(damaged));
                    Assert.Contains(refusal.ErrorType, checks);
                    replaced++;
                }

                string without = text.Replace(member, "\"unknown\":0", StringComparison.Ordinal);
                Assert.Contains(Assert.Throws<PrivatemodeVerificationException>(() => read(without)).ErrorType, checks);
            }

            Assert.InRange(replaced, 150, 400);
        }
    }

    [Theory]
    [InlineData("\"svn\":5", "\"svn\":256")]
    [InlineData("\"pcesvn\":13", "\"pcesvn\":65536")]
    [InlineData("\"isvsvn\":4", "\"isvsvn\":65536")]
    [InlineData("\"tcbLevels\":[{\"tcb\":{\"isvsvn\"", "\"tcbLevels\":[0,{\"tcb\":{\"isvsvn\"")]
    [InlineData("\"fmspc\":\"B0C06F000000\"", "\"fmspc\":\"B0C06F0000\"")]
    [InlineData("\"fmspc\":\"B0C06F000000\"", "\"fmspc\":\"B0C06F00000000\"")]
    [InlineData("\"fmspc\":\"B0C06F000000\"", "\"fmspc\":\"B0C06F00000\"")]
    [InlineData("\"pceId\":\"0000\"", "\"pceId\":\"0x00\"")]
    [InlineData("\"tcbStatus\":\"UpToDate\"", "\"tcbStatus\":\"Unknown\"")]
    [InlineData("\"tcbStatus\":\"UpToDate\"", "\"tcbStatus\":\"TDRelaunchAdvised\"")]
    [InlineData("2025-03-12T00:00:00Z", "2025-03-12T00:00:00+00:00")]
    [InlineData("2025-03-12T00:00:00Z", "2025-03-12T00:00:00.0Z")]
    [InlineData("2025-03-12T00:00:00Z", "2025-02-30T00:00:00Z")]
    [InlineData("2025-03-12T00:00:00Z", "2025-03-12T24:00:00Z")]
    [InlineData("2025-03-12T00:00:00Z", " 2025-03-12T00:00:00Z")]
    [InlineData("2025-03-12T00:00:00Z", "2025-03-12T00:00:00Z                                                                       ")]
    [InlineData("\"tcbStatus\":\"UpToDate\"", "\"tcbStatus\":\"UpToDate\",\"advisoryIDs\":[1]")]
    [InlineData("\"tcbStatus\":\"UpToDate\"", "\"tcbStatus\":\"UpToDate\",\"advisoryIDs\":\"x\"")]
    [InlineData("\"tcbStatus\":\"UpToDate\"", "\"tcbStatus\":\"UpToDate\",\"advisoryIDs\":[\"x\\n\"]")]
    [InlineData("\"tcbStatus\":\"UpToDate\"", "\"tcbStatus\":\"UpToDate\",\"advisoryIDs\":[\"\u00e9\"]")]
    [InlineData("\"tcbStatus\":\"UpToDate\"", "\"tcbStatus\":\"UpToDate\",\"advisoryIDs\":[\"" + SixtyFive + "\"]")]
    [InlineData("\"sgxtcbcomponents\":[", "\"sgxtcbcomponents\":[{\"svn\":1},")]
    [InlineData("\"tdxtcbcomponents\":[{\"svn\":5,\"category\":\"BIOS\"},", "\"tdxtcbcomponents\":[")]
    public void TcbInfo_ValueOutOfBounds_IsRefused(string value, string other)
    {
        string text = CollateralText.TcbInfo();
        Assert.Contains(value, text, StringComparison.Ordinal);
        Refusal.Of(TdxChecks.TcbInfoFormat, () => ReadTcbInfo(text.Replace(value, other, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("\"svn\":5", "\"svn\":255")]
    [InlineData("\"pcesvn\":13", "\"pcesvn\":65535")]
    [InlineData("\"isvsvn\":4", "\"isvsvn\":65535")]
    [InlineData("\"isvsvn\":4", "\"isvsvn\":0")]
    [InlineData("\"tcbEvaluationDataNumber\":18", "\"tcbEvaluationDataNumber\":2147483647")]
    [InlineData("\"tcbStatus\":\"UpToDate\"", "\"tcbStatus\":\"UpToDate\",\"advisoryIDs\":[\" ~" + SixtyTwo + "\"]")]
    public void TcbInfo_ValueAtItsBounds_IsRead(string value, string other)
    {
        string text = CollateralText.TcbInfo();
        Assert.Contains(value, text, StringComparison.Ordinal);
        _ = ReadTcbInfo(text.Replace(value, other, StringComparison.Ordinal));
    }

    [Fact]
    public void Levels_None_IsRefused()
    {
        Refusal.Of(TdxChecks.TcbInfoFormat, () => ReadTcbInfo(CollateralText.TcbInfo(levels: "")));
        Refusal.Of(TdxChecks.TcbInfoFormat, () => ReadTcbInfo(CollateralText.TcbInfo(identities: CollateralText.Identity("TDX_01", ""))));
        Refusal.Of(TdxChecks.QeIdentityFormat, () => ReadQeIdentity(CollateralText.QeIdentity(levels: "")));
        Assert.Empty(ReadTcbInfo(CollateralText.TcbInfo(identities: "")).ModuleIdentities);
    }

    [Fact]
    public void TcbInfo_TooManyLevels_IsRefused()
    {
        _ = ReadTcbInfo(CollateralText.TcbInfo(identities: CollateralText.Identity("TDX_01", Repeated(256))));
        Refusal.Of(
            TdxChecks.TcbInfoFormat, () => ReadTcbInfo(CollateralText.TcbInfo(identities: CollateralText.Identity("TDX_01", Repeated(257)))));
    }

    // Which of the two would count?
    [Theory]
    [InlineData("TDX_01")]
    [InlineData("tdx_01")]
    public void TcbInfo_ModuleLineTwice_IsRefused(string id) => Refusal.Of(
        TdxChecks.TcbInfoFormat,
        () => ReadTcbInfo(CollateralText.TcbInfo(
            identities: $"{CollateralText.Identity("TDX_01", CollateralText.SvnLevel(4))},{CollateralText.Identity(id, CollateralText.SvnLevel(1))}")));

    [Fact]
    public void Documents_DamagedAnywhere_AreReadOrRefused()
    {
        foreach ((string text, Action<string> read, _) in Documents())
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            for (int i = 0; i < bytes.Length; i++)
            {
                foreach (byte value in "\"\\}],"u8)
                {
                    byte[] damaged = [.. bytes];
                    damaged[i] = value;
                    _ = Refusal.AcceptsOrRefuses(() => read(Encoding.Latin1.GetString(damaged)));
                }
            }
        }
    }

    private static string Repeated(int count) => string.Join(',', Enumerable.Repeat(CollateralText.SvnLevel(4), count));

    private static (string Text, Action<string> Read, string[] Checks)[] Documents() =>
    [
        (CollateralText.TcbInfo(), text => ReadTcbInfo(text), [TdxChecks.TcbInfoFormat, TdxChecks.TcbInfoKind]),
        (CollateralText.QeIdentity(), text => ReadQeIdentity(text), [TdxChecks.QeIdentityFormat, TdxChecks.QeIdentityKind]),
    ];

    // "name":value of every leaf, once each; the value is a text or a number. "category" and the like are not read.
    private static IEnumerable<string> MembersOf(string text)
    {
        List<string> members = [];
        Utf8JsonReader reader = new(Encoding.UTF8.GetBytes(text));
        string name = "";
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.PropertyName)
            {
                name = reader.GetString()!;
            }
            else if (reader.TokenType == JsonTokenType.String && name != "category")
            {
                members.Add($"\"{name}\":\"{reader.GetString()}\"");
            }
            else if (reader.TokenType == JsonTokenType.Number)
            {
                members.Add($"\"{name}\":{reader.GetInt32()}");
            }
        }

        // A name of a module line is free text to us, but "TDX_01" is the one that counts in the quote.
        return members.Where(member => member != "\"id\":\"TDX_01\"").Distinct();
    }

    private static TcbInfo ReadTcbInfo(string text)
    {
        using SignedDocument document = SignedDocument.Parse(Unsigned(TcbInfo.Name, text), TcbInfo.Name, TdxChecks.TcbInfoFormat);
        return TcbInfo.Read(document.Content);
    }

    private static QeIdentity ReadQeIdentity(string text)
    {
        using SignedDocument document = SignedDocument.Parse(Unsigned(QeIdentity.Name, text), QeIdentity.Name, TdxChecks.QeIdentityFormat);
        return QeIdentity.Read(document.Content);
    }

    private static byte[] Unsigned(string name, string text) => Encoding.UTF8.GetBytes($"{{\"{name}\":{text},{Signature}}}");

    private static SignedDocument Parse(string json) => SignedDocument.Parse(Encoding.UTF8.GetBytes(json), TcbInfo.Name, TdxChecks.TcbInfoFormat);

    private static void AssertNoDocument(string json) => Refusal.Of(TdxChecks.TcbInfoFormat, () => Parse(json));
}
