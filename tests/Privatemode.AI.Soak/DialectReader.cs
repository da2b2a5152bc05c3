using System.Text;
using System.Text.Json;

namespace Privatemode.AI.Soak;

/// <summary>The API that a caller speaks.</summary>
internal enum Dialect
{
    Chat,
    Completion,
    Responses,
    Messages,
}

/// <summary>What a model said, read from the answer in one of the dialects.</summary>
internal sealed class DialectReader(Dialect dialect)
{
    private readonly StringBuilder _text = new();
    private readonly StringBuilder _reasoning = new();
    private readonly StringBuilder _arguments = new();
    private bool _hasFinish;

    public string Text => _text.ToString();

    public string Reasoning => _reasoning.ToString();

    public string? Function { get; private set; }

    public string Arguments => _arguments.ToString();

    /// <summary>Whether the answer is marked as complete.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>The code of the error that ended a stream; <see langword="null"/> if the stream did not end with an error.</summary>
    public string? Error { get; private set; }

    /// <summary>Reads the events of a stream. The last may be cut.</summary>
    public void ReadStream(string body)
    {
        string[] frames = body.Split("\n\n");
        foreach (string frame in frames[..^1])
        {
            string? data = frame.Split('\n').FirstOrDefault(line => line.StartsWith("data: ", StringComparison.Ordinal))?["data: ".Length..];
            if (data is null)
            {
                continue; // a comment
            }

            if (Error is not null || IsComplete)
            {
                throw new FormatException($"an event after the end: {frame}");
            }

            if (data == "[DONE]")
            {
                // Its finish is the part of the end that is authenticated.
                IsComplete = _hasFinish ? true : throw new FormatException("the end without a finish");
                continue;
            }

            using JsonDocument document = JsonDocument.Parse(data);
            ReadEvent(document.RootElement);
        }
    }

    /// <summary>Reads a whole answer.</summary>
    public void ReadWhole(string body)
    {
        using JsonDocument document = JsonDocument.Parse(body);
        JsonElement root = document.RootElement;
        IsComplete = true;
        switch (dialect)
        {
            case Dialect.Messages:
                ReadBlocks(root.GetProperty("content"));
                break;
            case Dialect.Responses:
                ReadResponse(root);
                break;
            case Dialect.Completion:
                _ = _text.Append(TextOf(root.GetProperty("choices")[0], "text"));
                break;
            default:
                ReadDelta(root.GetProperty("choices")[0].GetProperty("message"));
                break;
        }
    }

    /// <summary>The code of an error in the dialect; <see langword="null"/> if it is none.</summary>
    public static string? ErrorOf(Dialect dialect, JsonElement root)
    {
        if (dialect == Dialect.Messages && TextOf(root, "type") != "error")
        {
            return null;
        }

        return root.TryGetProperty("error", out JsonElement error) && error.ValueKind == JsonValueKind.Object
            && TextOf(error, "message").Length > 0 && TextOf(error, "type").Length > 0
            ? dialect == Dialect.Messages ? TextOf(error, "type") : TextOf(error, "code")
            : null;
    }

    private void ReadEvent(JsonElement root)
    {
        string type = TextOf(root, "type");
        Error = dialect == Dialect.Responses ? null : ErrorOf(dialect, root);
        if (Error is not null)
        {
            return;
        }

        switch (dialect, type)
        {
            case (Dialect.Chat or Dialect.Completion, _):
                foreach (JsonElement choice in root.GetProperty("choices").EnumerateArray())
                {
                    _ = dialect == Dialect.Completion ? _text.Append(TextOf(choice, "text")) : null;
                    ReadDelta(dialect == Dialect.Chat ? choice.GetProperty("delta") : default);
                    _hasFinish |= TextOf(choice, "finish_reason").Length > 0;
                }

                break;
            case (Dialect.Messages, "content_block_start"):
                Function ??= root.GetProperty("content_block").TryGetProperty("name", out JsonElement name) ? name.GetString() : null;
                break;
            case (Dialect.Messages, "content_block_delta"):
                JsonElement delta = root.GetProperty("delta");
                _ = _text.Append(TextOf(delta, "text"));
                _ = _reasoning.Append(TextOf(delta, "thinking"));
                _ = _arguments.Append(TextOf(delta, "partial_json"));
                break;
            case (Dialect.Messages, "message_delta"):
                _hasFinish |= TextOf(root.GetProperty("delta"), "stop_reason").Length > 0;
                break;
            case (Dialect.Messages, "message_stop"):
                IsComplete = _hasFinish ? true : throw new FormatException("the end without a finish");
                break;
            case (Dialect.Responses, "response.output_text.delta"):
                _ = _text.Append(TextOf(root, "delta"));
                break;
            case (Dialect.Responses, "response.function_call_arguments.delta"):
                _ = _arguments.Append(TextOf(root, "delta"));
                break;
            case (Dialect.Responses, "response.completed"):
                ReadCompleted(root.GetProperty("response"));
                break;
            case (Dialect.Responses, "response.failed"):
                Error = TextOf(root.GetProperty("response").GetProperty("error"), "code");
                break;
        }
    }

    /// <summary>The last event has the whole response; it must be the same as its pieces.</summary>
    private void ReadCompleted(JsonElement response)
    {
        (string text, string arguments) = (Text, Arguments);
        _ = _text.Clear();
        _ = _arguments.Clear();
        ReadResponse(response);
        if ((text, arguments) != (Text, Arguments))
        {
            throw new FormatException($"the pieces are not the whole: {text}{arguments} / {Text}{Arguments}");
        }

        IsComplete = true;
    }

    private void ReadResponse(JsonElement response)
    {
        if (TextOf(response, "status") != "completed")
        {
            throw new FormatException($"the response is {TextOf(response, "status")}");
        }

        foreach (JsonElement item in response.GetProperty("output").EnumerateArray())
        {
            if (TextOf(item, "type") == "message")
            {
                ReadBlocks(item.GetProperty("content"));
            }
            else if (TextOf(item, "type") == "function_call")
            {
                Function = TextOf(item, "name");
                _ = _arguments.Append(TextOf(item, "arguments"));
            }
        }
    }

    private void ReadBlocks(JsonElement blocks)
    {
        foreach (JsonElement block in blocks.EnumerateArray())
        {
            _ = _text.Append(TextOf(block, "text"));
            _ = _reasoning.Append(TextOf(block, "thinking"));
            if (TextOf(block, "type") == "tool_use")
            {
                Function = TextOf(block, "name");
                _ = _arguments.Append(block.GetProperty("input").GetRawText());
            }
        }
    }

    private void ReadDelta(JsonElement delta)
    {
        if (delta.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        _ = _text.Append(TextOf(delta, "content"));
        _ = _reasoning.Append(TextOf(delta, "reasoning_content"));
        if (!delta.TryGetProperty("tool_calls", out JsonElement calls) || calls.ValueKind != JsonValueKind.Array)
        {
            return;
        }

        foreach (JsonElement function in calls.EnumerateArray().Select(call => call.GetProperty("function")))
        {
            Function ??= function.TryGetProperty("name", out JsonElement name) ? name.GetString() : null;
            _ = _arguments.Append(TextOf(function, "arguments"));
        }
    }

    private static string TextOf(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : "";
}
