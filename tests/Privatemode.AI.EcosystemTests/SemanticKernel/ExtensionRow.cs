using System.Text.Json;
using Microsoft.SemanticKernel;

namespace Privatemode.AI.EcosystemTests.SemanticKernel;

/// <summary>A setting in the extension data of <see cref="PromptExecutionSettings"/>, where prompts in YAML and JSON have it, and what has to arrive.</summary>
/// <param name="Name">The name: of the API, of a property of a connector, or of its JSON.</param>
/// <param name="Value">The value as JSON.</param>
/// <param name="Expected">What the request contains beside what every request contains; null if the setting is refused.</param>
internal sealed record ExtensionRow(string Name, string Value, string? Expected)
{
    private const string Format = """{"type":"json_schema","json_schema":{"name":"city","schema":{"type":"object"}}}""";

    public static IReadOnlyList<ExtensionRow> All { get; } =
    [
        new("temperature", "0.7", """{"temperature":0.7}"""),
        new("temperature", "\"0.7\"", """{"temperature":0.7}"""),
        new("top_p", "0.9", """{"top_p":0.9}"""),
        new("topP", "0.9", """{"top_p":0.9}"""),
        new("top_k", "20", """{"top_k":20}"""),
        new("min_p", "0.05", """{"min_p":0.05}"""),
        new("max_tokens", "100", """{"max_completion_tokens":100}"""),
        new("max_completion_tokens", "100", """{"max_completion_tokens":100}"""),
        new("max_output_tokens", "100", """{"max_completion_tokens":100}"""),
        new("maxTokens", "100", """{"max_completion_tokens":100}"""),
        new("frequency_penalty", "0.5", """{"frequency_penalty":0.5}"""),
        new("presence_penalty", "0.5", """{"presence_penalty":0.5}"""),
        new("repetition_penalty", "1.1", """{"repetition_penalty":1.1}"""),
        new("seed", "42", """{"seed":42}"""),
        new("stop_sequences", """["END"]""", """{"stop":["END"]}"""),
        new("stop", "\"END\"", """{"stop":["END"]}"""),
        new("logit_bias", """{"15":-5}""", """{"logit_bias":{"15":-5}}"""),
        new("token_selection_biases", """{"15":-5}""", """{"logit_bias":{"15":-5}}"""),
        new("logprobs", "true", """{"logprobs":true}"""),
        new("top_logprobs", "2", """{"logprobs":true,"top_logprobs":2}""") { Also = "logprobs" },
        new("reasoning_effort", "\"none\"", """{"reasoning_effort":"none"}""") { Model = "gemma-3-27b" },
        new("reasoning_effort", "\"Max\"", """{"reasoning_effort":"max"}""") { Model = "glm-5.3" },
        new("response_format", "\"json_object\"", """{"response_format":{"type":"json_object"}}"""),
        new("response_format", Format, $$"""{"response_format":{{Format}}}"""),
        new("chat_template_kwargs", """{"enable_thinking":false}""", """{"chat_template_kwargs":{"enable_thinking":false}}"""),
        new("chat_system_prompt", "\"Be brief.\"", """{"messages":["system","user"]}"""),
        new("chat_developer_prompt", "\"Be brief.\"", """{"messages":["developer","user"]}"""),
        new("user", "\"u\"", """{"user":"u"}"""),
        new("model", "\"gemma-3-27b\"", """{"model":"gemma-3-27b"}"""),
        new("model_id", "\"gemma-3-27b\"", """{"model":"gemma-3-27b"}"""),
        new("extra_body", """{"top_k":20}""", """{"top_k":20}"""),
        new("metadata", """{"run":"7"}""", """{"metadata":{"run":"7"}}"""),
        new("service_tier", "\"flex\"", """{"service_tier":"flex"}"""),
        new("verbosity", "\"low\"", """{"verbosity":"low"}"""),
        new("priority", "3", """{"priority":3}"""),
        Refused("store", "true"),
        Refused("ToolCallBehavior", "\"AutoInvokeKernelFunctions\""),
        Refused("toolCallBehavior", "\"AutoInvokeKernelFunctions\""),
        Refused("tool_call_behavior", "\"AutoInvokeKernelFunctions\""),
        Refused("function_choice_behavior", """{"type":"auto"}"""),
        Refused("tools", "[]"),
        Refused("tool_choice", "\"auto\""),
        Refused("parallel_tool_calls", "false"),
        Refused("functions", "[]"),
        Refused("function_call", "\"auto\""),
        Refused("n", "2"),
        Refused("results_per_prompt", "2"),
        Refused("modalities", """["text"]"""),
        Refused("audio", """{"voice":"alloy","format":"wav"}"""),
        Refused("web_search_options", "{}"),
        Refused("messages", "[]"),
        Refused("stream", "true"),
        Refused("stream_options", "{}"),
        Refused("service_id", "\"main\""),
    ];

    /// <summary>Another setting that has to be true.</summary>
    public string? Also { get; private init; }

    /// <summary>A model that knows the setting.</summary>
    public string Model { get; private init; } = "gpt-oss-120b";

    /// <summary>What arrives through a chat client, for which Semantic Kernel drops efforts that it does not know and has one kind of prompt.</summary>
    public string? ExpectedOfChatClient => Name switch
    {
        "reasoning_effort" => null,
        "chat_developer_prompt" => """{"messages":["system","user"]}""",
        _ => Expected,
    };

    /// <summary>The row, as the document shows it.</summary>
    public string Title => $"`{Name}: {Value}`{(Also is null ? "" : $", `{Also}: true`")}";

    /// <summary>The settings as they are after a prompt was read.</summary>
    public IDictionary<string, object> ToExtensions()
    {
        Dictionary<string, object> extensions = new() { [Name] = JsonDocument.Parse(Value).RootElement };
        if (Also is not null)
        {
            extensions[Also] = true;
        }

        return extensions;
    }

    private static ExtensionRow Refused(string name, string value) => new(name, value, null);
}
