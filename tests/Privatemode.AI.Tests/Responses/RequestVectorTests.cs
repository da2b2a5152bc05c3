using System.Text.Json;
using Privatemode.AI.Responses;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Responses;

/// <summary>vectors/responses/requests.json and refusals.json.</summary>
public sealed class RequestVectorTests
{
    private readonly JsonElement _requests = VectorFiles.Own("responses/requests.json");
    private readonly JsonElement _refusals = VectorFiles.Own("responses/refusals.json");

    [Fact]
    public void Requests_AllCases_BecomeTheirChats()
    {
        CaseLog log = new();
        foreach (JsonElement vector in _requests.Items("chats"))
        {
            log.Run(vector.Text("name"), () =>
            {
                RequestTranslation translated = RequestTranslation.Of(
                    vector.GetProperty("request").GetRawText(), LeavesOut(vector), Blobs(vector));
                Assert.Equal(RequestTranslation.Normalize(vector.GetProperty("chat")), RequestTranslation.Normalize(translated.Chat));
                AssertFacts(vector, translated.Facts);
                if (vector.TryGetProperty("canary", out JsonElement canary))
                {
                    Assert.DoesNotContain(canary.GetString()!, translated.Chat, StringComparison.Ordinal);
                }
            });
        }

        log.AssertAllPassed(47);
    }

    [Fact]
    public void Requests_Texts_AreCopiedByteForByte()
    {
        CaseLog log = new();
        foreach (JsonElement vector in _requests.Items("texts"))
        {
            log.Run(vector.Text("name"), () => Assert.Equal(vector.Text("chat"), RequestTranslation.Of(vector.Text("request")).Chat));
        }

        log.AssertAllPassed(3);
    }

    [Fact]
    public void Refusals_AllCases_NameTheMemberAndQuoteNothing()
    {
        CaseLog log = new();
        foreach (JsonElement vector in _refusals.Items("cases"))
        {
            log.Run(vector.Text("name"), () =>
            {
                PrivatemodeRequestException refused = Assert.Throws<PrivatemodeRequestException>(
                    () => RequestTranslation.Of(vector.GetProperty("request").GetRawText(), LeavesOut(vector)));
                Assert.Equal(vector.Text("member"), refused.Member);
                Assert.Contains(vector.Text("message"), refused.Message, StringComparison.Ordinal);
                Assert.DoesNotContain("SECRET", refused.ToString(), StringComparison.Ordinal);
            });
        }

        log.AssertAllPassed(122);
    }

    [Fact]
    public void Refusals_Unparsable_QuoteNothing()
    {
        CaseLog log = new();
        foreach (JsonElement vector in _refusals.Items("unparsable"))
        {
            log.Run(vector.Text("name"), () =>
            {
                PrivatemodeWouldLeakException refused = Assert.Throws<PrivatemodeWouldLeakException>(() => RequestTranslation.Of(vector.Text("request")));
                Assert.Equal("unparsable-body", refused.ErrorType);
                Assert.DoesNotContain("SECRET", refused.ToString(), StringComparison.Ordinal);
            });
        }

        log.AssertAllPassed(8);
    }

    private static bool LeavesOut(JsonElement vector) => vector.TryGetProperty("hosted", out JsonElement hosted) && hosted.GetString() == "leave_out";

    private static Dictionary<string, string>? Blobs(JsonElement vector) => vector.TryGetProperty("blobs", out JsonElement blobs)
        ? blobs.EnumerateObject().ToDictionary(blob => blob.Name, blob => blob.Value.GetString()!) : null;

    private static void AssertFacts(JsonElement vector, TranslatedRequest facts)
    {
        JsonElement expected = vector.TryGetProperty("facts", out JsonElement given) ? given : default;
        string? Text(string name) =>
            expected.ValueKind == JsonValueKind.Object && expected.TryGetProperty(name, out JsonElement value) ? value.ToString() : null;
        int Number(string name) => Text(name) is { } text ? int.Parse(text, System.Globalization.CultureInfo.InvariantCulture) : 0;
        Assert.Equal(Text("cache_key"), facts.CacheKey);
        Assert.Equal(Text("left_out_tools") ?? "", string.Join(',', facts.LeftOutTools));
        Assert.Equal(Number("foreign_reasoning"), facts.ForeignReasoning);
        Assert.Equal(Text("wants_reasoning") is not null, facts.WantsReasoning);
        Assert.Equal(Text("wants_logprobs") is not null, facts.WantsLogProbabilities);
    }
}
