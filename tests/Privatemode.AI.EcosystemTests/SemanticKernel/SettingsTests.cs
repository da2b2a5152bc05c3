using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.Connectors.OpenAI;
using Privatemode.AI.SemanticKernel;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Architecture;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.SemanticKernel;

/// <summary>What each setting becomes in the decrypted request, with each way to register a chat service. docs/semantic-kernel-settings.md shows it.</summary>
public sealed class SettingsTests : KernelTest
{
    /// <summary>Set it to rewrite the table of the document.</summary>
    private const string UpdateVariable = "PRIVATEMODE_UPDATE_DOCUMENTS";

    private const string Heading =
        " | `AddPrivatemodeChatCompletion` | `AddOpenAIChatCompletion` | `AddOpenAIChatClient` |\n| --- | --- | --- | --- |\n";

    private static readonly JsonSerializerOptions Json = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static TheoryData<string> Rows() => [.. SettingRow.All.Select(row => row.Name)];

    /// <summary>Without the behavior of functions, which Semantic Kernel writes into JSON with losses.</summary>
    public static TheoryData<string> RowsInJson() => [.. SettingRow.All
        .Where(row => row.Ours is PrivatemodePromptExecutionSettings { FunctionChoiceBehavior: null }).Select(row => row.Name)];

    public static TheoryData<string> Extensions() => [.. ExtensionRow.All.Select(row => row.Title)];

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

    [Theory]
    [MemberData(nameof(RowsInJson))]
    public async Task Setting_ReadFromJsonOrCloned_ArrivesAsItIs(string name)
    {
        PrivatemodePromptExecutionSettings settings = (PrivatemodePromptExecutionSettings)Row(name).Ours.Clone();
        settings.Freeze();
        string json = JsonSerializer.Serialize(settings);
        Assert.Equal(JsonSerializer.Serialize((PrivatemodePromptExecutionSettings)Row(name).Ours), json);
        PrivatemodePromptExecutionSettings read = JsonSerializer.Deserialize<PrivatemodePromptExecutionSettings>(json)!;
        await AssertArrivesAsync(Row(name).Expected, read, builder => builder.AddPrivatemodeChatCompletion(Row(name).Model, Client));
    }

    [Theory]
    [MemberData(nameof(Extensions))]
    public async Task ExtensionData_IsTranslatedOrRefused(string title)
    {
        ExtensionRow row = ExtensionRow.All.Single(row => row.Title == title);
        foreach (PromptExecutionSettings settings in (PromptExecutionSettings[])[new(), new PrivatemodePromptExecutionSettings()])
        {
            settings.ExtensionData = row.ToExtensions();
            await AssertArrivesOrIsRefusedAsync(row, settings, builder => builder.AddPrivatemodeChatCompletion(row.Model, Client));
            ExtensionRow atClient = settings is PrivatemodePromptExecutionSettings ? row : row with { Expected = row.ExpectedOfChatClient };
            await AssertArrivesOrIsRefusedAsync(atClient, settings, builder => builder.AddPrivatemodeChatClient(row.Model, Client));
        }
    }

    /// <summary>A property that a new version of either class brings needs a row.</summary>
    [Theory]
    [InlineData(typeof(PrivatemodePromptExecutionSettings))]
    [InlineData(typeof(OpenAIPromptExecutionSettings))]
    public void EveryProperty_IsARow(Type type)
    {
        object unset = Activator.CreateInstance(type)!;
        PromptExecutionSettings[] rows =
            [.. SettingRow.All.SelectMany(row => (PromptExecutionSettings[])[row.Ours, row.OfOpenAI]).Where(type.IsInstanceOfType)];
        string[] missing = [.. from property in type.GetProperties()
                               where Array.TrueForAll(rows, row => Equals(property.GetValue(row), property.GetValue(unset)))
                               select property.Name];

        // The ID chooses the service; a row that is frozen could not be changed.
        Assert.Equal(["ServiceId", "IsFrozen"], missing);

        string?[] names = [.. type.GetProperties().Select(property => property.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name)];
        Assert.Subset(ExtensionRow.All.Select(row => row.Name).ToHashSet(), names.OfType<string>().ToHashSet());
    }

    [Fact]
    public async Task Document_HasTheTableOfSettings()
    {
        StringBuilder table = new("| setting" + Heading);
        foreach (SettingRow row in SettingRow.All)
        {
            await AppendRowAsync(table, row.Name, row.IsRefused ? row.OfOpenAI : row.Ours, row.OfOpenAI, row.Model);
        }

        await AssertInDocumentAsync("settings", table);
    }

    [Fact]
    public async Task Document_HasTheTableOfExtensionData()
    {
        StringBuilder table = new("| `ExtensionData`" + Heading);
        foreach (ExtensionRow row in ExtensionRow.All)
        {
            PromptExecutionSettings settings = new() { ExtensionData = row.ToExtensions() };
            await AppendRowAsync(table, row.Title, settings, settings, row.Model);
        }

        await AssertInDocumentAsync("extension data", table);
    }

    private async Task AppendRowAsync(
        StringBuilder table, string name, PromptExecutionSettings ours, PromptExecutionSettings theirs, string model)
    {
        string cell = await CellAsync(ours, builder => builder.AddPrivatemodeChatCompletion(model, Client));
        Assert.False(cell.Contains("lost", StringComparison.Ordinal) || cell.Contains("throws", StringComparison.Ordinal), $"{name}: {cell}");
        table.Append("| ").Append(name)
            .Append(" | ").Append(cell)
            .Append(" | ").Append(await CellAsync(theirs, builder => builder.AddOpenAIChatCompletion(model, Client.OpenAI)))
            .Append(" | ").Append(await CellAsync(theirs, builder => builder.AddOpenAIChatClient(model, Client.OpenAI)))
            .Append(" |\n");
    }

    private static async Task AssertInDocumentAsync(string name, StringBuilder table)
    {
        (string begin, string end) = ($"<!-- begin: {name} -->\n", $"<!-- end: {name} -->\n");
        string path = Path.Combine(RepositoryFiles.Root, "docs", "semantic-kernel-settings.md");
        string document = await File.ReadAllTextAsync(path);
        string expected = document[..(document.IndexOf(begin, StringComparison.Ordinal) + begin.Length)] + table
            + document[document.IndexOf(end, StringComparison.Ordinal)..];
        if (Environment.GetEnvironmentVariable(UpdateVariable) is not null)
        {
            await File.WriteAllTextAsync(path, expected);
        }

        Assert.True(expected == document, $"The table of docs/semantic-kernel-settings.md is out of date. Run this test with {UpdateVariable}=1.\n{table}");
    }

    private static SettingRow Row(string name) => SettingRow.All.Single(row => row.Name == name);

    private async Task AssertArrivesOrIsRefusedAsync(ExtensionRow row, PromptExecutionSettings settings, Action<IKernelBuilder> register)
    {
        if (row.Expected is not null)
        {
            await AssertArrivesAsync(row.Expected, settings, register);
            return;
        }

        PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(() => SendAsync(settings, register));
        Assert.Equal("PromptExecutionSettings." + row.Name, exception.Member);
    }

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
        catch (Exception exception) when (
            exception is PrivatemodeRequestException or NotSupportedException or ArgumentException or KernelException or JsonException)
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
