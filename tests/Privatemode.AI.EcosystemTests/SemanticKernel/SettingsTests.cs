using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.SemanticKernel;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Architecture;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.SemanticKernel;

/// <summary>What each setting becomes in the decrypted request, with each way to register a chat service. docs/semantic-kernel.md shows it.</summary>
public sealed class SettingsTests : KernelTest
{
    /// <summary>Set it to rewrite the table of the document.</summary>
    private const string UpdateVariable = "PRIVATEMODE_UPDATE_DOCUMENTS";

    private const string Begin = "<!-- begin: settings -->\n";
    private const string End = "<!-- end: settings -->\n";

    private static readonly JsonSerializerOptions Json = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static TheoryData<string> Rows() => [.. SettingRow.All.Select(row => row.Name)];

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Setting_OfOurClass_ArrivesAsItIs(string name) =>
        await AssertArrivesAsync(Row(name).Expected, Row(name).Ours, builder => builder.AddPrivatemodeChatCompletion(Row(name).Model, Client));

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Setting_OfOurClass_ArrivesThroughTheChatClient(string name) =>
        await AssertArrivesAsync(Row(name).Expected, Row(name).Ours, builder => builder.AddPrivatemodeChatClient(Row(name).Model, Client));

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Setting_OfTheOpenAIConnector_IsConvertedOrRefused(string name)
    {
        SettingRow row = Row(name);
        if (row.IsRefused)
        {
            string cell = await CellAsync(row.OfOpenAI, builder => builder.AddPrivatemodeChatCompletion(row.Model, Client));
            Assert.Equal("refused", cell);
            return;
        }

        await AssertArrivesAsync(row.Expected, row.OfOpenAI, builder => builder.AddPrivatemodeChatCompletion(row.Model, Client));
    }

    [Fact]
    public async Task Document_HasTheTable()
    {
        StringBuilder table = new(Begin);
        table.Append("| setting | `AddPrivatemodeChatCompletion` | `AddOpenAIChatCompletion` | `AddOpenAIChatClient` |\n| --- | --- | --- | --- |\n");
        foreach (SettingRow row in SettingRow.All)
        {
            PromptExecutionSettings ours = row.IsRefused ? row.OfOpenAI : row.Ours;
            table.Append("| ").Append(row.Name)
                .Append(" | ").Append(await CellAsync(ours, builder => builder.AddPrivatemodeChatCompletion(row.Model, Client)))
                .Append(" | ").Append(await CellAsync(row.OfOpenAI, builder => builder.AddOpenAIChatCompletion(row.Model, Client.OpenAI)))
                .Append(" | ").Append(await CellAsync(row.OfOpenAI, builder => builder.AddOpenAIChatClient(row.Model, Client.OpenAI)))
                .Append(" |\n");
        }

        string path = Path.Combine(RepositoryFiles.Root, "docs", "semantic-kernel.md");
        string document = await File.ReadAllTextAsync(path);
        string expected = document[..document.IndexOf(Begin, StringComparison.Ordinal)] + table.Append(End)
            + document[(document.IndexOf(End, StringComparison.Ordinal) + End.Length)..];
        if (Environment.GetEnvironmentVariable(UpdateVariable) is not null)
        {
            await File.WriteAllTextAsync(path, expected);
        }

        Assert.True(expected == document, $"The table of docs/semantic-kernel.md is out of date. Run this test with {UpdateVariable}=1.\n{table}");
    }

    private static SettingRow Row(string name) => SettingRow.All.Single(row => row.Name == name);

    private async Task AssertArrivesAsync(string expected, PromptExecutionSettings settings, Action<IKernelBuilder> register)
    {
        JsonObject difference = await DifferenceAsync(settings, register);
        JsonObject wanted = JsonNode.Parse(expected)!.AsObject();
        if (expected.Contains("\"schema\":\"…\"", StringComparison.Ordinal))
        {
            // What a schema of a type looks like is the business of Microsoft.Extensions.AI.
            difference["response_format"]!["json_schema"]!["schema"] = "…";
            _ = difference["response_format"]!["json_schema"]!.AsObject().Remove("strict");
        }

        if (difference.ContainsKey("tools"))
        {
            difference["tools"] = "…";
        }

        Assert.True(JsonNode.DeepEquals(wanted, difference), $"{difference.ToJsonString(Json)} instead of {wanted.ToJsonString(Json)}");
    }

    private async Task<string> CellAsync(PromptExecutionSettings settings, Action<IKernelBuilder> register)
    {
        try
        {
            JsonObject difference = await DifferenceAsync(settings, register);
            return difference.Count == 0 ? "**lost**" : string.Join("<br>", difference.Select(Cell));
        }
        catch (Exception exception) when (exception is PrivatemodeRequestException or NotSupportedException or ArgumentException or KernelException)
        {
            return exception is PrivatemodeRequestException ? "refused" : $"throws `{exception.GetType().Name}`";
        }
    }

    /// <summary>A member as the document shows it: of functions the names, of schemas whether there is one.</summary>
    private static string Cell(KeyValuePair<string, JsonNode?> member)
    {
        JsonNode? value = member.Value;
        if (member.Key == "tools")
        {
            value = new JsonArray([.. value!.AsArray().Select(tool => tool!["function"]!["name"]!.DeepClone())]);
        }
        else if (value is JsonObject && value["json_schema"]?["schema"] is JsonObject { Count: > 0 })
        {
            value["json_schema"]!["schema"] = "…";
        }

        return $"`{member.Key}: {value?.ToJsonString(Json) ?? "null"}`";
    }

    /// <summary>What the request with the settings contains that one without does not. Of other messages, the roles.</summary>
    private async Task<JsonObject> DifferenceAsync(PromptExecutionSettings settings, Action<IKernelBuilder> register)
    {
        Deployment.Model.SetFallback(_ => ScriptedAnswer.Text(Answer));
        JsonObject plain = await SendAsync(null, register);
        JsonObject body = await SendAsync(settings, register);
        JsonObject difference = [];
        foreach ((string name, JsonNode? value) in body)
        {
            if (!plain.ContainsKey(name) || !JsonNode.DeepEquals(plain[name], value))
            {
                difference[name] = name == "messages"
                    ? new JsonArray([.. value!.AsArray().Select(message => message!["role"]!.DeepClone())])
                    : value?.DeepClone();
            }
        }

        return difference;
    }

    private async Task<JsonObject> SendAsync(PromptExecutionSettings? settings, Action<IKernelBuilder> register)
    {
        IKernelBuilder builder = Kernel.CreateBuilder();
        register(builder);
        Kernel kernel = builder.Build();
        kernel.Plugins.AddFromFunctions("Clock", [KernelFunctionFactory.CreateFromMethod(() => "noon", "now")]);
        _ = await kernel.InvokePromptAsync(Question, settings is null ? null : new KernelArguments(settings)).OrTimeout();
        JsonObject body = ChatBodies[^1];
        _ = body.Remove("cache_salt");
        return body;
    }
}
