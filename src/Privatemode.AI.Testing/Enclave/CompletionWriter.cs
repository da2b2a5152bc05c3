using System.Text.Json.Nodes;

namespace Privatemode.AI.Testing.Enclave;

/// <summary>Writes answers the way the model server of service version 1.40 does, before they are encrypted.</summary>
internal sealed class CompletionWriter(ModelRequest request, ScriptedAnswer answer, bool isChat, DateTimeOffset now)
{
    private static readonly string[] ChatOnly = ["prompt_logprobs", "prompt_token_ids"];

    private readonly string _id = $"{(isChat ? "chatcmpl" : "cmpl")}-{Guid.NewGuid():N}";
    private int _outputTokens;

    /// <summary>Returns the whole answer.</summary>
    public string Whole()
    {
        if (answer.WholeDocument is not null)
        {
            return answer.WholeDocument;
        }

        _outputTokens = Usage.Output;
        JsonArray choices = [];
        for (int i = 0; i < request.Choices; i++)
        {
            choices.Add((JsonNode)(isChat ? WholeChoice(i) : TextChoice(i, request.EchoOf(i) + answer.Content, answer.FinishReason)));
        }

        // Whole answers are written with every member, null or not.
        JsonObject document = Document(isChat ? "chat.completion" : "text_completion", choices);
        foreach (string name in (string[])[.. isChat ? ChatOnly : [], "service_tier", "system_fingerprint", "kv_transfer_params"])
        {
            document[name] = null;
        }

        return document.ToJsonString();
    }

    /// <summary>Returns the events of a streamed answer, without the end marker. Every event contains the usage so far, because the service always requests
    /// it.</summary>
    public IReadOnlyList<string> Events()
    {
        if (answer.Events is not null)
        {
            return answer.Events;
        }

        List<string> events = [];
        if (!isChat)
        {
            events.AddRange(Enumerable.Range(0, request.Choices).Where(i => request.EchoOf(i).Length > 0).Select(
                i => Event(i, new JsonObject { ["text"] = request.EchoOf(i) }, finish: null)));
        }

        foreach (JsonObject delta in Deltas())
        {
            _outputTokens = Math.Min(_outputTokens + 1, Usage.Output);
            events.AddRange(Enumerable.Range(0, request.Choices).Select(i => Event(i, (JsonObject)delta.DeepClone(), finish: null)));
        }

        _outputTokens = Usage.Output;
        events.AddRange(Enumerable.Range(0, request.Choices).Select(
            i => Event(i, isChat ? [] : new JsonObject { ["text"] = "" }, answer.FinishReason)));
        events.Add(Document(EventKind, []).ToJsonString());
        return events;
    }

    private string EventKind => isChat ? "chat.completion.chunk" : "text_completion";

    private ScriptedUsage Usage => answer.Usage ?? new ScriptedUsage(
        Math.Max(1, request.Root.GetRawText().Length / 4), Math.Max(1, (answer.Content.Length + answer.Reasoning.Length) / 4), 0,
            answer.Reasoning.Length / 4);

    private JsonObject WholeChoice(int index)
    {
        JsonObject message = new() { ["role"] = "assistant", ["content"] = answer.Content.Length > 0 ? answer.Content : null };
        if (answer.Refusal.Length > 0)
        {
            message["refusal"] = answer.Refusal;
        }

        AddReasoning(message, answer.Reasoning);
        if (answer.ToolCalls.Count > 0)
        {
            message["tool_calls"] = new JsonArray([.. answer.ToolCalls.Select(call => (JsonNode)ToolCall(call, call.Arguments))]);
        }

        return new JsonObject
        {
            ["index"] = index,
            ["message"] = message,
            ["logprobs"] = Logprobs.OfChat(request, answer.Content),
            ["finish_reason"] = answer.FinishReason,
        };
    }

    private IEnumerable<JsonObject> Deltas()
    {
        if (!isChat)
        {
            foreach (string piece in Pieces(answer.Content))
            {
                yield return new JsonObject { ["text"] = piece };
            }

            yield break;
        }

        yield return new JsonObject { ["role"] = "assistant", ["content"] = "" };
        foreach (string piece in Pieces(answer.Reasoning))
        {
            JsonObject delta = [];
            AddReasoning(delta, piece);
            yield return delta;
        }

        foreach (string piece in Pieces(answer.Content))
        {
            yield return new JsonObject { ["content"] = piece };
        }

        foreach (string piece in Pieces(answer.Refusal))
        {
            yield return new JsonObject { ["refusal"] = piece };
        }

        foreach (JsonObject delta in ToolCallDeltas())
        {
            yield return delta;
        }
    }

    /// <summary>Returns the events of tool calls. Parallel calls are interleaved: first the beginnings of all calls, then the arguments of each call in two
    /// halves.</summary>
    private IEnumerable<JsonObject> ToolCallDeltas()
    {
        for (int i = 0; i < answer.ToolCalls.Count; i++)
        {
            JsonObject call = ToolCall(answer.ToolCalls[i], "");
            call["index"] = i;
            yield return new JsonObject { ["tool_calls"] = new JsonArray(call) };
        }

        foreach (bool first in (bool[])[true, false])
        {
            for (int i = 0; i < answer.ToolCalls.Count; i++)
            {
                string arguments = answer.ToolCalls[i].Arguments;
                string half = first ? arguments[..(arguments.Length / 2)] : arguments[(arguments.Length / 2)..];
                JsonObject call = new() { ["index"] = i, ["function"] = new JsonObject { ["arguments"] = half } };
                yield return new JsonObject { ["tool_calls"] = new JsonArray(call) };
            }
        }
    }

    private string Event(int index, JsonObject delta, string? finish)
    {
        JsonObject choice = isChat
            ? new JsonObject { ["index"] = index, ["delta"] = delta, ["logprobs"] = Logprobs.OfChat(request, ContentOf(delta)), ["finish_reason"] = finish }
            : TextChoice(index, delta["text"]!.GetValue<string>(), finish);
        return Document(EventKind, new JsonArray(choice)).ToJsonString();
    }

    private static string ContentOf(JsonObject delta) => delta["content"]?.GetValue<string>() ?? "";

    private JsonObject TextChoice(int index, string text, string? finish) => new()
    {
        ["index"] = index,
        ["text"] = text,
        ["logprobs"] = Logprobs.OfText(request, text),
        ["finish_reason"] = finish,
    };

    private JsonObject Document(string kind, JsonArray choices) => new()
    {
        ["id"] = _id,
        ["object"] = kind,
        ["created"] = now.ToUnixTimeSeconds(),
        ["model"] = request.Model,
        ["choices"] = choices,
        ["usage"] = new JsonObject
        {
            ["prompt_tokens"] = Usage.Input,
            ["completion_tokens"] = _outputTokens,
            ["total_tokens"] = Usage.Input + _outputTokens,
            ["prompt_tokens_details"] = new JsonObject { ["cached_tokens"] = Usage.Cached },
            ["completion_tokens_details"] = new JsonObject { ["reasoning_tokens"] = Usage.Reasoning },
        },
    };

    private static JsonObject ToolCall(ScriptedToolCall call, string arguments)
    {
        JsonObject function = new() { ["name"] = call.Name, ["arguments"] = arguments };
        return call.Id.Length == 0
            ? new JsonObject { ["function"] = function }
            : new JsonObject { ["id"] = call.Id, ["type"] = "function", ["function"] = function };
    }

    private static void AddReasoning(JsonObject target, string reasoning)
    {
        if (reasoning.Length > 0)
        {
            target["reasoning"] = reasoning;
            target["reasoning_content"] = reasoning;
        }
    }

    /// <summary>Splits a text into words, each with the white space before it.</summary>
    public static IEnumerable<string> Pieces(string text)
    {
        int start = 0;
        for (int i = 1; i < text.Length; i++)
        {
            if (char.IsWhiteSpace(text[i]) && !char.IsWhiteSpace(text[i - 1]))
            {
                yield return text[start..i];
                start = i;
            }
        }

        if (start < text.Length)
        {
            yield return text[start..];
        }
    }
}
