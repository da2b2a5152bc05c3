using System.Net;
using System.Text.Json;
using Privatemode.AI.AspNetCore.Tests.Hosting;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.AspNetCore.Tests.Models;

/// <summary>In which form models are listed, by who asks.</summary>
public sealed class ModelListShapeTests : ProxyTest
{
    [Fact]
    public async Task List_OpenAI_HasAllModelsAndTheAliasesOfTheConfiguration()
    {
        JsonElement list = await GetAsync("/v1/models");
        Assert.Equal("list", list.GetProperty("object").GetString());
        JsonElement[] data = [.. list.GetProperty("data").EnumerateArray()];
        Assert.Equal(["gpt-oss-120b", "openai/gpt-oss-120b", "glm-5.3-flash", "qwen3-embedding-4b", "ada", "mine"], data.Select(Id));
        Assert.All(data, model => Assert.Equal(["id", "object", "created", "owned_by", "tasks"], model.EnumerateObject().Select(member => member.Name)));
        Assert.Equal(("alias", "embed"), (data[4].GetProperty("owned_by").GetString(), data[4].GetProperty("tasks")[0].GetString()));
    }

    [Theory]
    [InlineData("/v1/models", "anthropic-version", "2023-06-01")]
    [InlineData("/v1/models?limit=1000", "accept", "application/json")]
    [InlineData("/v1/models?after_id=x", "accept", "application/json")]
    [InlineData("/v1/models?before_id=x", "accept", "application/json")]
    public async Task List_Anthropic_HasChatModelsTwice(string path, string header, string value)
    {
        JsonElement list = await GetAsync(path, (header, value));
        JsonElement[] data = [.. list.GetProperty("data").EnumerateArray()];
        Assert.Equal(
            [
                "gpt-oss-120b", "openai/gpt-oss-120b", "glm-5.3-flash", "mine",
                "anthropic/gpt-oss-120b", "anthropic/openai/gpt-oss-120b", "anthropic/glm-5.3-flash",
            ],
            data.Select(Id));
        Assert.All(data, model => Assert.Equal(["id", "type", "display_name", "created_at"], model.EnumerateObject().Select(member => member.Name)));
        Assert.All(data, model => Assert.Equal("model", model.GetProperty("type").GetString()));
        Assert.All(data, model => Assert.Equal(TimeSpan.Zero, model.GetProperty("created_at").GetDateTimeOffset().Offset));
        Assert.Equal("glm-5.3-flash (Privatemode)", data[^1].GetProperty("display_name").GetString());
        Assert.Equal((false, "gpt-oss-120b", "anthropic/glm-5.3-flash"), (
            list.GetProperty("has_more").GetBoolean(), list.GetProperty("first_id").GetString(), list.GetProperty("last_id").GetString()));
    }

    [Fact]
    public async Task List_Codex_HasAnEntryForEachNameAndATag()
    {
        using HttpResponseMessage answer = await Http.GetAsync(new Uri("/v1/models?client_version=0.171.0", UriKind.Relative));
        Assert.Matches("^\"[0-9a-f]{16}\"$", answer.Headers.ETag?.Tag);
        JsonElement[] models = [.. JsonElement.Parse(await answer.Content.ReadAsStringAsync()).GetProperty("models").EnumerateArray()];
        Assert.Equal(["gpt-oss-120b", "openai/gpt-oss-120b", "glm-5.3-flash", "mine"], models.Select(model => model.GetProperty("slug").GetString()));
        Assert.Equal([2048, 131_072, 1_048_576, 1_048_576], models.Select(model => model.GetProperty("context_window").GetInt32()));
    }

    [Theory]
    [InlineData("gpt-oss-120b", "gpt-oss-120b")]
    [InlineData("openai/gpt-oss-120b", "openai/gpt-oss-120b")]
    [InlineData("openai%2Fgpt-oss-120b", "openai/gpt-oss-120b")]
    [InlineData("mine", "mine")]
    [InlineData("gpt-oss-120b/", "gpt-oss-120b")]
    public async Task One_Name_IsTheEntryOfTheList(string name, string id)
    {
        JsonElement model = await GetAsync($"/v1/models/{name}");
        Assert.Equal((id, "model"), (Id(model), model.GetProperty("object").GetString()));
        JsonElement anthropic = await GetAsync($"/v1/models/{name}", ("anthropic-version", "2023-06-01"));
        Assert.Equal((id, "model"), (Id(anthropic), anthropic.GetProperty("type").GetString()));
    }

    [Fact]
    public async Task One_NameThatIsListedForAnthropicOnly_IsFoundThere() =>
        Assert.Equal("anthropic/glm-5.3-flash", Id(await GetAsync("/v1/models/anthropic/glm-5.3-flash", ("anthropic-version", "2023-06-01"))));

    [Theory]
    [InlineData("secret-name", false)]
    [InlineData("secret%3Fname", false)]
    [InlineData("secret-name", true)]
    public async Task One_UnknownName_Is404WithWhatThereIs(string name, bool isAnthropic)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, $"/v1/models/{name}");
        if (isAnthropic)
        {
            request.Headers.Add("anthropic-version", "2023-06-01");
        }

        using HttpResponseMessage answer = await Http.SendAsync(request);
        string text = await answer.Content.ReadAsStringAsync();
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Contains(isAnthropic ? "\"type\":\"not_found_error\"" : "\"code\":\"model_not_found\"", text, StringComparison.Ordinal);
        Assert.Contains("gpt-oss-120b", text, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_ServiceThatIsAway_IsTheLastOneWithAWarning()
    {
        _ = await GetAsync("/v1/models");
        Clock.Advance(TimeSpan.FromMinutes(11));
        Deployment.Faults.InjectIntoModelList(Fault.UnencryptedError(400), int.MaxValue);
        using HttpResponseMessage answer = await Http.GetAsync(new Uri("/v1/models", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(110, Assert.Single(answer.Headers.Warning).Code);
    }

    [Fact]
    public async Task Chat_NameOfAnotherVendor_IsServedByALiveModel()
    {
        using HttpResponseMessage answer = await Http.SendAsync(Post(ChatPath, ChatBody(model: "claude-haiku-4-5")));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("glm-5.3-flash", answer.Headers.GetValues("Privatemode-Model").Single());
        Assert.Equal("glm-5.3-flash", Assert.Single(Deployment.Requests).Headers["Privatemode-Target-Model"]);
    }

    [Fact]
    public async Task Chat_LiveModel_IsSentWithoutAskingForTheList()
    {
        using HttpResponseMessage answer = await Http.SendAsync(Post(ChatPath, ChatBody()));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.DoesNotContain(Deployment.AllRequests, request => request.PathAndQuery == "/v1/models");
    }

    private ManualTimeProvider Clock { get; } = new();

    protected override void ConfigureDeployment(PrivatemodeTestDeploymentOptions options)
    {
        options.TimeProvider = Clock;
        options.Models.Clear();
        options.Models["gpt-oss-120b"] = ["generate", "tool_calling"];
        options.Models["openai/gpt-oss-120b"] = ["generate", "tool_calling"];
        options.Models["glm-5.3-flash"] = ["generate", "tool_calling", "vision"];
        options.Models["qwen3-embedding-4b"] = ["embed"];
    }

    protected override void ConfigureProxy(PrivatemodeProxyOptions options)
    {
        options.Aliases["mine"] = "glm-5.3-flash";
        options.Aliases["ada"] = "qwen3-embedding-4b";
        options.Aliases["gone"] = "kimi-k2.6";
        options.Aliases["pattern-*"] = "glm-5.3-flash";
        options.ContextWindows["gpt-oss-120b"] = 2048;
    }

    private async Task<JsonElement> GetAsync(string path, (string Name, string Value)? header = null)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, path);
        if (header is var (name, value))
        {
            request.Headers.Add(name, value);
        }

        using HttpResponseMessage answer = await Http.SendAsync(request);
        string text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonElement.Parse(text);
    }

    private static string? Id(JsonElement model) => model.GetProperty("id").GetString();
}
