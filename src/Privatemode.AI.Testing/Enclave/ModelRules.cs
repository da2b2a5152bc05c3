using System.Globalization;
using System.Text.Json;

namespace Privatemode.AI.Testing.Enclave;

/// <summary>The checks of the model server for a decrypted request: vLLM 0.20, which service version 1.40 runs for every model.</summary>
/// <remarks>Statuses, types, parameter names and texts are those of vLLM, except that vLLM also quotes the request in errors about the schema. It is not
/// checked whether media can be decoded, whether the tokens fit, or whether the chat template accepts the messages.</remarks>
internal static class ModelRules
{
    private const int MaxLogprobs = 20;

    // Below it the server samples greedily.
    private const double Greedy = 1e-5;

    private static readonly string[] AudioFormats = ["json", "text", "srt", "verbose_json", "vtt"];
    private static readonly string[] Roles = ["user", "assistant", "system"];
    private static readonly string[] Blocks = ["text", "image", "tool_use", "tool_result", "tool_reference", "thinking", "redacted_thinking"];

    /// <exception cref="ModelServerException">It is refused.</exception>
    public static void Require(EnclaveEndpoint endpoint, ModelRequest request, IReadOnlyList<string> tasks)
    {
        // A model server has the routes of its tasks only, and looks for a route first.
        if (!tasks.Contains(endpoint.Task))
        {
            throw new ModelServerException(404, "Not Found") { IsDetail = true };
        }

        JsonElement root = request.Root;
        if (endpoint == EnclaveEndpoint.Embeddings)
        {
            Require(Find(root, "input") is { ValueKind: not JsonValueKind.Undefined }, "Field required: input");
            Refuse(Number(root, "dimensions") < 1, "Dimensions must be greater than 0");
        }
        else if (endpoint == EnclaveEndpoint.Transcriptions)
        {
            RequireTranscription(request);
        }
        else if (endpoint == EnclaveEndpoint.Messages)
        {
            RequireMessages(root);
            MediaRules.RequireBlocks(request, tasks);
        }
        else if (endpoint.UsesPromptCache)
        {
            RequireSchema(request, endpoint == EnclaveEndpoint.Chat);
            RequireSampling(root, endpoint == EnclaveEndpoint.Chat);
            RequireTools(root, tasks);
            MediaRules.RequireParts(request, tasks);
            Refuse(endpoint == EnclaveEndpoint.Chat && Items(root, "messages").Length == 0, "messages must not be empty");
        }
    }

    /// <summary>Checks what other versions of the model server refuse in a request to <c>/v1/messages</c>.</summary>
    /// <exception cref="ModelServerException">The request is refused.</exception>
    public static void RequireNoSystemMessages(ModelRequest request)
    {
        JsonElement root = request.Root;
        bool hasSystem = Items(root, "messages").Any(message => IsText(Find(message, "role"), "system"));
        Require(!hasSystem, "messages.role: Input should be 'user' or 'assistant'");
        Require(!Has(root, "tools") || Items(root, "tools").Length > 0, "tools: List should have at least 1 item after validation, not 0", "tools");
    }

    internal static JsonElement Find(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement value) ? value : default;

    internal static JsonElement[] Items(JsonElement parent, string name) =>
        Find(parent, name) is { ValueKind: JsonValueKind.Array } items ? [.. items.EnumerateArray()] : [];

    private static void RequireTranscription(ModelRequest request)
    {
        string format = request.ReadText("response_format") ?? "json";
        Require(AudioFormats.Contains(format), "response_format: Input should be 'json', 'text', 'srt', 'verbose_json' or 'vtt'");
        Refuse(format is "srt" or "vtt", "Currently only support response_format: `text`, `json` or `verbose_json`");
        Refuse(format == "verbose_json" && request.IsStream, "verbose_json format doesn't support streaming case");
    }

    private static void RequireSchema(ModelRequest request, bool isChat)
    {
        JsonElement root = request.Root;
        if (isChat)
        {
            Require(Find(root, "messages").ValueKind == JsonValueKind.Array, "Field required: messages");
            Require(Items(root, "messages").All(message => IsText(Find(message, "role"))), "Field required: messages.role");
            Require(
                !IsText(Find(Find(root, "response_format"), "type"), "json_schema") || Has(Find(root, "response_format"), "json_schema"),
                "When response_format type is 'json_schema', the 'json_schema' field must be provided.", "response_format");
            Require(
                Number(root, "top_logprobs") is not > 0 || IsTrue(root, "logprobs"),
                "when using `top_logprobs`, `logprobs` must be set to true.", "top_logprobs");
            Require(
                !Has(root, "tools") || Items(root, "tools").Length > 0,
                "`tools` must not be an empty array. Either provide at least one tool or omit the field entirely.", "tools");
            RequireToolChoice(root);
        }
        else
        {
            Require(Find(root, "prompt") is { ValueKind: JsonValueKind.String or JsonValueKind.Array } prompt && prompt.GetRawText().Length > 2,
                "Either prompt or prompt_embeds must be provided and non-empty.", "prompt");
            Require(Number(root, "logprobs") is not < 0, "`logprobs` must be a positive value.", "logprobs");
        }

        Require(!Has(root, "stream_options") || request.IsStream, "Stream options can only be defined when `stream=True`.", "stream_options");
    }

    private static void RequireSampling(JsonElement root, bool isChat)
    {
        Refuse(!isChat && Has(root, "suffix"), "suffix is not currently supported");
        double? limit = Number(root, "max_completion_tokens") is { } given && isChat ? given : Number(root, "max_tokens");
        bool isEchoAlone = !isChat && limit == 0 && IsTrue(root, "echo");
        Refuse(limit < 1 && !isEchoAlone, $"max_tokens must be at least 1, got {Text(limit)}.", ("max_tokens", limit));
        double? n = Number(root, "n");
        Refuse(n < 1, $"n must be at least 1, got {Text(n)}.");
        double? temperature = Number(root, "temperature");
        Refuse(temperature < 0, $"temperature must be non-negative, got {Text(temperature)}.", ("temperature", temperature));
        Refuse(temperature < Greedy && n > 1, $"n must be 1 when using greedy sampling, got {Text(n)}.");
        double? share = Number(root, "top_p");
        Refuse(share is <= 0 or > 1, $"top_p must be in (0, 1], got {Text(share)}.", ("top_p", share));
        foreach (string penalty in (string[])["presence_penalty", "frequency_penalty"])
        {
            Refuse(Number(root, penalty) is < -2 or > 2, $"{penalty} must be in [-2, 2], got {Text(Number(root, penalty))}.");
        }

        bool hasEmptyStop = Items(root, "stop").Any(stop => stop.ValueKind == JsonValueKind.String && stop.ValueEquals(""));
        Refuse(hasEmptyStop, "stop cannot contain an empty string.");
        double? logprobs = Number(root, isChat ? "top_logprobs" : "logprobs");
        Refuse(
            logprobs > MaxLogprobs,
            $"Requested sample logprobs of {Text(logprobs)}, which is greater than max allowed: {MaxLogprobs}", ("logprobs", logprobs));
    }

    private static void RequireToolChoice(JsonElement root)
    {
        JsonElement choice = Find(root, "tool_choice");
        if (choice.ValueKind is not (JsonValueKind.String or JsonValueKind.Object) || IsText(choice, "none"))
        {
            return;
        }

        Require(Has(root, "tools"), "When using `tool_choice`, `tools` must be set.", "tool_choice");
        if (IsText(choice))
        {
            Require(choice.ValueEquals("auto") || choice.ValueEquals("required"),
                $"Invalid value for `tool_choice`: {choice.GetString()}! Only named tools, \"none\", \"auto\" or \"required\" are supported.", "tool_choice");
            return;
        }

        string? name = Find(Find(choice, "function"), "name") is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
        Require(
            Items(root, "tools").Any(tool => Find(Find(tool, "function"), "name") is { ValueKind: JsonValueKind.String } other && other.ValueEquals(name)),
            "The tool specified in `tool_choice` does not match any of the specified `tools`", "tool_choice");
    }

    /// <summary>Refuses tools for a model that does not support tool calling: its server runs without a parser for tool calls.</summary>
    private static void RequireTools(JsonElement root, IReadOnlyList<string> tasks)
    {
        JsonElement choice = Find(root, "tool_choice");
        bool isAuto = IsText(choice) ? choice.ValueEquals("auto") : choice.ValueKind != JsonValueKind.Object;
        Refuse(
            isAuto && Items(root, "tools").Length > 0 && !tasks.Contains("tool_calling"),
            "\"auto\" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set");
    }

    private static void RequireMessages(JsonElement root)
    {
        Require(Find(root, "messages").ValueKind == JsonValueKind.Array, "Field required: messages");
        Require(Find(root, "max_tokens").ValueKind == JsonValueKind.Number, "Field required: max_tokens");
        Require(Number(root, "max_tokens") > 0, "max_tokens must be positive");
        foreach (JsonElement message in Items(root, "messages"))
        {
            Require(Roles.Any(role => IsText(Find(message, "role"), role)), "messages.role: Input should be 'user' or 'assistant'");
            Require(
                Items(message, "content").All(block => Blocks.Any(type => IsText(Find(block, "type"), type))),
                "messages.content.type: Input should be 'text', 'image', 'tool_use', 'tool_result', 'tool_reference', 'thinking' or 'redacted_thinking'");
        }
    }

    /// <summary>Throws the error for a request that does not conform to the schema.</summary>
    private static void Require(bool holds, string message, string? param = null)
    {
        if (!holds)
        {
            throw new ModelServerException(400, message, ModelServerException.NotValid) { Param = param };
        }
    }

    /// <summary>Throws the error for a value that is not accepted.</summary>
    private static void Refuse(bool isRefused, string message, (string Name, double? Value)? about = null)
    {
        if (isRefused)
        {
            string suffix = about is { } parameter ? $" (parameter={parameter.Name}, value={Text(parameter.Value)})" : "";
            throw new ModelServerException(400, message + suffix) { Param = about?.Name };
        }
    }

    private static bool IsText(JsonElement value) => value.ValueKind == JsonValueKind.String;

    private static bool IsText(JsonElement value, string text) => IsText(value) && value.ValueEquals(text);

    private static bool Has(JsonElement parent, string name) => Find(parent, name).ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null);

    private static bool IsTrue(JsonElement root, string name) => Find(root, name).ValueKind == JsonValueKind.True;

    private static double? Number(JsonElement root, string name) => Find(root, name) is { ValueKind: JsonValueKind.Number } value ? value.GetDouble() : null;

    private static string Text(double? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "";
}
