using System.Buffers;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.ML.Tokenizers;
using Privatemode.AI.AspNetCore.Dialects;
using Privatemode.AI.AspNetCore.Tests.Hosting;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.AspNetCore.Tests.Dialects;

/// <summary>How far estimates are from what a tokenizer counts.</summary>
public sealed partial class TokenEstimateTests : ProxyTest
{
    private const double Tolerance = 0.15;
    private const double ToleranceOfShortText = 0.25;

    private const string English = """
        The proxy stands between programs and the service. It verifies the deployment before anything is sent, encrypts every request, and passes the
        answers on event by event. Programs that were written for another vendor keep their settings: only the address changes. If the evidence cannot
        be verified, nothing leaves the machine, and the caller gets an error that says which check failed and what can be done about it.
        Read the file first, then change as little as possible. When a test fails, explain in two sentences why it failed before you repair it, and do
        not touch code that has nothing to do with the task. At the end, list what you changed and what is still open.

        """;

    private const string German = """
        Die Sitzung beginnt pünktlich um neun Uhr. Zunächst berichtet die Geschäftsführung über das vergangene Quartal, danach besprechen wir die
        Änderungen an der Schnittstelle und die offenen Fragen zur Verschlüsselung. Bitte prüfen Sie vorab, ob alle Unterlagen vollständig sind, und
        senden Sie fehlende Anlagen bis spätestens Donnerstag an das Sekretariat. Größere Umbauten solltest du vermeiden, weil sonst niemand mehr
        überblickt, was wirklich neu ist. Die Ergebnisse fasst du am Ende in höchstens fünf Sätzen zusammen.

        """;

    private const string Code = """
        internal sealed class TokenWindow(TimeProvider time, int seconds = 60)
        {
            private readonly long[] _cells = new long[seconds];
            private long _last;

            public bool TryAdd(long amount, long limit)
            {
                Advance(time.GetTimestamp() / time.TimestampFrequency);
                if (_cells.Sum() + amount > limit)
                {
                    return false; // try again when the window has moved on
                }

                _cells[_last % seconds] += amount;
                return true;
            }
        }
        for (const [key, value] of Object.entries(config ?? {})) { if (value !== null) result.push(`${key}=${encodeURIComponent(value)}`); }

        """;

    private static readonly Lazy<TiktokenTokenizer> Tokenizer = new(() => TiktokenTokenizer.CreateForEncoding("o200k_base"));

    public static TheoryData<string, string> Captures
    {
        get
        {
            TheoryData<string, string> data = [];
            foreach (string capture in (string[])["claude-code-01-messages", "claude-code-02-after-a-tool", "codex-01-first", "opencode-02-chat"])
            {
                foreach (string language in (string[])[nameof(English), nameof(German), nameof(Code)])
                {
                    data.Add(capture, language);
                }
            }

            return data;
        }
    }

    [ThirdPartyTheory]
    [MemberData(nameof(Captures))]
    public void Of_CapturedRequest_IsNearTheCountOfATokenizer(string capture, string language)
    {
        string filler = language switch { nameof(English) => English, nameof(German) => German, _ => Code };
        JsonNode body = JsonNode.Parse(CapturedMessagesTests.Body(capture).GetRawText())!;
        Fill(body, filler);
        string json = Json(body);
        long counted = Count(body);
        Assert.InRange(TokenEstimate.Of(Encoding.UTF8.GetBytes(json)), counted * (1 - Tolerance), counted * (1 + Tolerance));
    }

    [Theory]
    [InlineData(English)]
    [InlineData(German)]
    [InlineData(Code)]
    [InlineData("Заседание начинается в девять часов утра. Пожалуйста, заранее проверьте, что все документы собраны, и отправьте недостающие.")]
    [InlineData("会议将于上午九点准时开始。请提前检查所有文件是否齐全，并最迟在星期四之前把缺少的附件发送给秘书处。")]
    public void Weights_Text_AreNearTheCountOfATokenizer(string text)
    {
        int counted = Tokenizer.Value.CountTokens(text);
        byte[] json = JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes.ToArray();
        Assert.InRange(TokenWeights.Of(json), counted * (1 - ToleranceOfShortText), counted * (1 + ToleranceOfShortText));
    }

    [Fact]
    public void Of_Image_IsNotCountedAsText()
    {
        string data = Convert.ToBase64String(new byte[300_000]);
        foreach (string block in (string[])
        [
            $$$"""{"type":"image","source":{"type":"base64","media_type":"image/png","data":"{{{data}}}"}}""",
            $$$"""{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{data}}}"}}""",
            $$"""{"type":"input_image","image_url":"data:image/png;base64,{{data}}"}""",
        ])
        {
            Assert.InRange(TokenEstimate.Of(Encoding.UTF8.GetBytes($$"""{"messages":[{"role":"user","content":[{{block}}]}]}""")), 1200, 1240);
        }
    }

    [Fact]
    public void Of_InputOfATool_IsCountedAsTheModelSeesIt()
    {
        const string Call = """{"command":"echo hi","description":"Say hi","timeout":1000}""";
        string body = $$$"""{"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"Bash","input":{{{Call}}} }]}]}""";
        Assert.InRange(TokenEstimate.Of(Encoding.UTF8.GetBytes(body)) - 16 - 4, Tokenizer.Value.CountTokens(Call), Tokenizer.Value.CountTokens(Call) + 6);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[1]")]
    [InlineData("""{"messages":"\ud800""")]
    [InlineData("""{"messages":7,"tools":{},"system":null,"input":["a\u12"]}""")]
    public void Of_AnythingElse_IsNoError(string body) => Assert.InRange(TokenEstimate.Of(Encoding.UTF8.GetBytes(body)), 16, 40);

    [Fact]
    public async Task CountTokens_RequestOfClaudeCode_IsAnsweredHereAndNotSent()
    {
        using HttpResponseMessage answer = await Http.SendAsync(Post(
            MessagesPath + "/count_tokens?beta=true", """{"model":"gpt-oss-120b","messages":[{"role":"user","content":"foo"}],"tools":[]}"""));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("""{"input_tokens":22}""", await answer.Content.ReadAsStringAsync());
        Assert.Empty(Deployment.Requests);
    }

    /// <summary>Puts text in the place of each <c>&lt;n characters&gt;</c>.</summary>
    private static void Fill(JsonNode node, string filler)
    {
        switch (node)
        {
            case JsonObject parent:
                foreach ((string name, JsonNode? value) in parent.ToArray())
                {
                    if (value is JsonValue text && text.GetValueKind() == JsonValueKind.String)
                    {
                        parent[name] = Fill(text.GetValue<string>(), filler);
                    }
                    else if (value is not null)
                    {
                        Fill(value, filler);
                    }
                }

                break;
            case JsonArray list:
                foreach (JsonNode? item in list)
                {
                    if (item is JsonObject or JsonArray)
                    {
                        Fill(item, filler);
                    }
                }

                break;
        }
    }

    private static string Fill(string text, string filler) => Length().Match(text) is { Success: true } match
        ? string.Concat(Enumerable.Repeat(filler, 200))[..int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)]
        : text;

    /// <summary>What a tokenizer counts in texts and tools, with the same constants for what is around them.</summary>
    private static long Count(JsonNode body)
    {
        double tokens = 16;
        foreach (string name in (string[])["system", "messages", "input"])
        {
            tokens += body[name] is { } part ? Count(part, "") + (4 * ((part as JsonArray)?.Count ?? 0)) : 0;
        }

        foreach (JsonNode? tool in body["tools"] as JsonArray ?? [])
        {
            string json = Json(tool!);
            tokens += 12 + Tokenizer.Value.CountTokens(json.Replace("\\n", "\n", StringComparison.Ordinal).Replace("\\\"", "\"", StringComparison.Ordinal));
        }

        return (long)tokens;
    }

    private static int Count(JsonNode? node, string name) => node switch
    {
        JsonObject input when name == "input" => Tokenizer.Value.CountTokens(Json(input)),
        JsonObject parent => parent.Where(member => member.Key is not ("type" or "role" or "id" or "tool_use_id" or "tool_call_id" or "call_id"))
            .Sum(member => Count(member.Value, member.Key)),
        JsonArray list => list.Sum(item => Count(item, "")),
        JsonValue text when text.GetValueKind() == JsonValueKind.String => Tokenizer.Value.CountTokens(text.GetValue<string>()),
        _ => 0,
    };

    private static string Json(JsonNode node)
    {
        ArrayBufferWriter<byte> output = new();
        using (Utf8JsonWriter writer = new(output, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            node.WriteTo(writer);
        }

        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    [GeneratedRegex("^<(\\d+) characters>$")]
    private static partial Regex Length();
}
