using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace Privatemode.AI.EcosystemTests.ExtensionsAI;

/// <summary>Answers that are read into a type.</summary>
public sealed class TypedAnswerTests : ExtensionsAITest
{
    internal enum Sky
    {
        Clear,
        Cloudy,
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [InlineData(null)]
    public async Task Object_WithAndWithoutSchemaFormat_IsRead(bool? useSchemaFormat)
    {
        _ = Deployment.Model.Reply("""{"city":"Bochum","sky":"Clear","days":[{"degrees":21.5}]}""").WithReasoning("Which city?");
        ChatResponse<Report> response = await Chat.GetResponseAsync<Report>(Question, useJsonSchemaResponseFormat: useSchemaFormat);
        Assert.Equal(("Bochum", Sky.Clear, 21.5), (response.Result.City, response.Result.Sky, Assert.Single(response.Result.Days).Degrees));
        Assert.NotNull(response.GetPrivatemodeReceipt());
        JsonNode format = ChatBodies[0]["response_format"]!;
        if (useSchemaFormat == false)
        {
            Assert.Equal("json_object", (string?)format["type"]);
            Assert.Contains("degrees", ChatBodies[0]["messages"]!.ToJsonString(), StringComparison.Ordinal);
        }
        else
        {
            Assert.Equal("json_schema", (string?)format["type"]);
            Assert.NotNull(format["json_schema"]!["schema"]!["properties"]!["days"]);
        }

        AssertSentEncrypted("umbrella", "degrees");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Arrays_AreRead(bool useSchemaFormat)
    {
        _ = Deployment.Model.Reply("""{"data":[{"degrees":1},{"degrees":2}]}""");
        ChatResponse<Day[]> response = await Chat.GetResponseAsync<Day[]>(Question, useJsonSchemaResponseFormat: useSchemaFormat);
        Assert.Equal([1.0, 2.0], response.Result.Select(day => day.Degrees));
    }

    [Fact]
    public async Task EnumsAndNumbers_AreRead()
    {
        _ = Deployment.Model.Reply("""{"data":"Cloudy"}""").Then.Reply("""{"data":21}""").Then.Reply("""{"data":true}""").Then.Reply("""{"data":"Bochum"}""");
        Assert.Equal(Sky.Cloudy, (await Chat.GetResponseAsync<Sky>(Question)).Result);
        Assert.Equal(21, (await Chat.GetResponseAsync<int>(Question)).Result);
        Assert.True((await Chat.GetResponseAsync<bool>(Question)).Result);
        Assert.Equal("Bochum", (await Chat.GetResponseAsync<string>(Question)).Result);
        Assert.Contains("Cloudy", ChatBodies[0]["response_format"]!.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TextThatIsNoJson_IsTheCallersToHandle()
    {
        _ = Deployment.Model.Reply("It is clear.");
        ChatResponse<Report> response = await Chat.GetResponseAsync<Report>(Question);
        Assert.False(response.TryGetResult(out _));
        Assert.Throws<JsonException>(() => response.Result);
        Assert.Equal("It is clear.", response.Text);
    }

    [Fact]
    public async Task WithTools_TheLastAnswerIsRead()
    {
        _ = Deployment.Model.ReplyWithToolCall(ToolName, Arguments).Then.Reply("""{"city":"Bochum","sky":"Clear","days":[]}""");
        using IChatClient chat = Chat.AsBuilder().UseFunctionInvocation().UseDistributedCache(CreateCache()).Build();
        ChatResponse<Report> first = await chat.GetResponseAsync<Report>(Question, WithWeather);
        ChatResponse<Report> second = await chat.GetResponseAsync<Report>(Question, WithWeather);
        Assert.Equal(("Bochum", "Bochum"), (first.Result.City, second.Result.City));
        Assert.Equal(2, ChatBodies.Count);
        Assert.All(ChatBodies, body => Assert.True(body.ContainsKey("tools") && body.ContainsKey("response_format")));
    }

    [Fact]
    public async Task StrictSchema_ForbidsOtherMembers()
    {
        _ = Deployment.Model.Reply("""{"city":"Bochum","sky":"Clear","days":[]}""");
        _ = await Chat.GetResponseAsync<Report>(Question, new ChatOptions { AdditionalProperties = new() { ["strict"] = true } });
        JsonNode schema = ChatBodies[0]["response_format"]!["json_schema"]!;
        Assert.True((bool?)schema["strict"]);
        Assert.False((bool?)schema["schema"]!["additionalProperties"]);
        Assert.Equal(3, schema["schema"]!["required"]!.AsArray().Count);
    }

    internal sealed record Report(string City, Sky Sky, Day[] Days);

    internal sealed record Day(double Degrees);
}
