using System.Text.Json;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.Connectors.OpenAI;
using OpenAI.Chat;
using O = Microsoft.SemanticKernel.Connectors.OpenAI.OpenAIPromptExecutionSettings;
using P = Privatemode.AI.SemanticKernel.PrivatemodePromptExecutionSettings;

namespace Privatemode.AI.EcosystemTests.SemanticKernel;

/// <summary>A setting as users of both connectors write it, and what has to arrive.</summary>
/// <param name="Name">The setting, as the document shows it.</param>
/// <param name="Ours">The setting in our class.</param>
/// <param name="OfOpenAI">The same in Semantic Kernel's OpenAI connector; as extension data where its class has no property.</param>
/// <param name="Expected">What the request contains beside what every request contains.</param>
/// <param name="IsRefused">Whether the setting of the OpenAI connector is refused here.</param>
/// <param name="Model">A model that knows the setting.</param>
internal sealed record SettingRow(
    string Name, PromptExecutionSettings Ours, PromptExecutionSettings OfOpenAI, string Expected, bool IsRefused = false,
    string Model = "gpt-oss-120b")
{
    private const string Schema = """{"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false}""";

    private static readonly JsonElement SchemaJson = JsonDocument.Parse(Schema).RootElement;

    public static IReadOnlyList<SettingRow> All { get; } =
    [
        new("`Temperature = 0.7`", new P { Temperature = 0.7 }, new O { Temperature = 0.7 }, """{"temperature":0.7}"""),
        new("`TopP = 0.9`", new P { TopP = 0.9 }, new O { TopP = 0.9 }, """{"top_p":0.9}"""),
        new("`TopK = 20`", new P { TopK = 20 }, Extra("top_k", 20), """{"top_k":20}"""),
        new("`MinP = 0.05`", new P { MinP = 0.05 }, Extra("min_p", 0.05), """{"min_p":0.05}"""),
        new("`MaxTokens = 100`", new P { MaxTokens = 100 }, new O { MaxTokens = 100 }, """{"max_completion_tokens":100}"""),
        new("`FrequencyPenalty = 0.5`", new P { FrequencyPenalty = 0.5 }, new O { FrequencyPenalty = 0.5 }, """{"frequency_penalty":0.5}"""),
        new("`PresencePenalty = 0.5`", new P { PresencePenalty = 0.5 }, new O { PresencePenalty = 0.5 }, """{"presence_penalty":0.5}"""),
        new("`RepetitionPenalty = 1.1`", new P { RepetitionPenalty = 1.1 }, Extra("repetition_penalty", 1.1), """{"repetition_penalty":1.1}"""),
        new("`Seed = 42`", new P { Seed = 42 }, new O { Seed = 42 }, """{"seed":42}"""),
        new("`StopSequences = [\"END\"]`", new P { StopSequences = ["END"] }, new O { StopSequences = ["END"] }, """{"stop":["END"]}"""),
        new("`LogitBias`, `TokenSelectionBiases`", new P { LogitBias = Bias }, new O { TokenSelectionBiases = Bias }, """{"logit_bias":{"15":-5}}"""),
        new("`Logprobs = true`", new P { Logprobs = true }, new O { Logprobs = true }, """{"logprobs":true}"""),
        new(
            "`Logprobs = true`, `TopLogprobs = 2`", new P { Logprobs = true, TopLogprobs = 2 }, new O { Logprobs = true, TopLogprobs = 2 },
            """{"logprobs":true,"top_logprobs":2}"""),
        Effort("none", "gemma-3-27b"), Effort("low"), Effort("high"), Effort("max", "glm-5.3"),
        new(
            "`ResponseFormat = \"json_object\"`", new P { ResponseFormat = "json_object" }, new O { ResponseFormat = "json_object" },
            """{"response_format":{"type":"json_object"}}"""),
        new(
            "`ResponseFormat`: a JSON schema", new P { ResponseFormat = SchemaJson }, new O { ResponseFormat = SchemaJson },
            SchemaFormat("""{"name":"json_schema","schema":SCHEMA}""")),
        new(
            "`ResponseFormat = typeof(City)`", new P { ResponseFormat = typeof(City) }, new O { ResponseFormat = typeof(City) },
            """{"response_format":{"type":"json_schema","json_schema":{"name":"City","schema":"…"}}}"""),
        new(
            "`ResponseFormat`: an object of the OpenAI client", new P { ResponseFormat = Format }, new O { ResponseFormat = Format },
            SchemaFormat("""{"name":"city","schema":SCHEMA,"strict":true}""")),
        new(
            "`ChatTemplateKwargs`", new P { ChatTemplateKwargs = new Dictionary<string, object?> { ["enable_thinking"] = false } },
            Extra("chat_template_kwargs", new Dictionary<string, object> { ["enable_thinking"] = false }),
            """{"chat_template_kwargs":{"enable_thinking":false}}"""),
        new(
            "`ExtraBody` of the OpenAI connector", Extra("priority", 3), new O { ExtraBody = new Dictionary<string, object?> { ["priority"] = 3 } },
            """{"priority":3}"""),
        new("`ExtensionData[\"priority\"] = 3`", Ext("priority", 3), Extra("priority", 3), """{"priority":3}"""),
        new("`ExtensionData[\"stop\"] = \"END\"`", Ext("stop", "END"), Extra("stop", "END"), """{"stop":["END"]}"""),
        new(
            "`ExtensionData[\"max_completion_tokens\"] = 100`", Ext("max_completion_tokens", 100), Extra("max_completion_tokens", 100),
            """{"max_completion_tokens":100}"""),
        new("`ChatSystemPrompt`", new P { ChatSystemPrompt = "Be brief." }, new O { ChatSystemPrompt = "Be brief." }, """{"messages":["system","user"]}"""),
        new(
            "`ChatDeveloperPrompt`", new P { ChatDeveloperPrompt = "Be brief." }, new O { ChatDeveloperPrompt = "Be brief." },
            """{"messages":["developer","user"]}"""),
        new("`User = \"u\"`", new P { User = "u" }, new O { User = "u" }, """{"user":"u"}"""),
        new("`ModelId`", new P { ModelId = "gemma-3-27b" }, new O { ModelId = "gemma-3-27b" }, """{"model":"gemma-3-27b"}"""),
        new(
            "`Metadata` of the OpenAI connector", Ext("metadata", new Dictionary<string, string> { ["run"] = "7" }),
            new O { Metadata = new Dictionary<string, string> { ["run"] = "7" } }, """{"metadata":{"run":"7"}}"""),
        Choice("Auto()", () => FunctionChoiceBehavior.Auto(autoInvoke: false), """{"tools":"…","tool_choice":"auto"}"""),
        Choice("Required()", () => FunctionChoiceBehavior.Required(autoInvoke: false), """{"tools":"…","tool_choice":"required"}"""),
        Choice("None()", () => FunctionChoiceBehavior.None(), """{"tools":"…","tool_choice":"none"}"""),
        Choice(
            "Auto(AllowParallelCalls)", () => FunctionChoiceBehavior.Auto(autoInvoke: false, options: new() { AllowParallelCalls = false }),
            """{"tools":"…","tool_choice":"auto","parallel_tool_calls":false}"""),
        new("`ToolCallBehavior` of the OpenAI connector", new P(), new O { ToolCallBehavior = ToolCallBehavior.EnableKernelFunctions }, "{}", IsRefused: true),
        new("`Modalities` of the OpenAI connector", new P(), new O { Modalities = "Text" }, "{}", IsRefused: true),
        new("`Audio` of the OpenAI connector", new P(), new O { Audio = Voice }, "{}", IsRefused: true),
        new("`WebSearchOptions` of the OpenAI connector", new P(), new O { WebSearchOptions = new ChatWebSearchOptions() }, "{}", IsRefused: true),
        new("`Store` of the OpenAI connector", new P(), new O { Store = true }, "{}", IsRefused: true),
    ];

    private static Dictionary<int, int> Bias => new() { [15] = -5 };

    private static ChatAudioOptions Voice => new(ChatOutputAudioVoice.Alloy, ChatOutputAudioFormat.Wav);

    private static ChatResponseFormat Format =>
        ChatResponseFormat.CreateJsonSchemaFormat("city", BinaryData.FromString(Schema), jsonSchemaIsStrict: true);

    private static string SchemaFormat(string format) => """{"response_format":{"type":"json_schema","json_schema":FORMAT}}"""
        .Replace("FORMAT", format, StringComparison.Ordinal).Replace("SCHEMA", Schema, StringComparison.Ordinal);

    private static SettingRow Effort(string effort, string model = "gpt-oss-120b") => new(
        $"`ReasoningEffort = \"{effort}\"`", new P { ReasoningEffort = effort }, new O { ReasoningEffort = effort }, $$"""{"reasoning_effort":"{{effort}}"}""",
        Model: model);

    private static SettingRow Choice(string name, Func<FunctionChoiceBehavior> behavior, string expected) => new(
        $"`FunctionChoiceBehavior.{name}`", new P { FunctionChoiceBehavior = behavior() }, new O { FunctionChoiceBehavior = behavior() }, expected);

    private static O Extra(string name, object value) => new() { ExtensionData = new Dictionary<string, object> { [name] = value } };

    private static P Ext(string name, object value) => new() { ExtensionData = new Dictionary<string, object> { [name] = value } };

    internal sealed record City(string Name);
}
