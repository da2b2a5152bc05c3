using System.Text.Json;
using Privatemode.AI.Encryption;

namespace Privatemode.AI.Responses;

/// <summary>Converts the items of <c>input</c> to messages of a chat.</summary>
/// <remarks>The texts, reasoning and calls of the assistant between two other items become one message of a chat.</remarks>
internal sealed class InputItems : IDisposable
{
    /// <summary>The maximum number of items of a request.</summary>
    public const int MaxItems = 20_000;

    private const string ImagesFollow = "Images that the tool calls above returned, in their order:";

    private static readonly KnownNames MessageMembers = new("type", "role", "content", "id", "status", "phase", "end_turn");

    private readonly Utf8JsonWriter _writer;
    private readonly bool _leavesOutHosted;
    private readonly InputParts _parts = new();
    private readonly ReasoningItems _reasoning;
    private readonly JoinedText _system = new();
    private readonly JoinedText _content = new();
    private readonly JoinedText _output = new();
    private readonly PooledBytes _images = new(256);
    private readonly CallItems _calls;
    private readonly HashSet<string> _leftOut = [];
    private bool _isLeading = true;
    private bool _hasMessage;

    /// <param name="writer">The writer, at the position of the messages.</param>
    /// <param name="names">The tools of the request.</param>
    /// <param name="decryptReasoning">Decrypts reasoning that an earlier response contains.</param>
    /// <param name="leavesOutHosted">Whether items of hosted tools are left out.</param>
    public InputItems(Utf8JsonWriter writer, ToolNames names, DecryptReasoning decryptReasoning, bool leavesOutHosted)
    {
        (_writer, _leavesOutHosted) = (writer, leavesOutHosted);
        _calls = new CallItems(names);
        _reasoning = new ReasoningItems(decryptReasoning);
    }

    /// <summary>The hosted tools whose items were left out, without duplicates.</summary>
    public IReadOnlyCollection<string> LeftOut => _leftOut;

    /// <summary>The number of items with reasoning in a form that this client cannot decrypt.</summary>
    public int ForeignReasoning => _reasoning.Foreign;

    private int Messages { get; set; }

    /// <summary>Writes the list of messages.</summary>
    /// <exception cref="PrivatemodeRequestException">An item cannot be part of a chat.</exception>
    public void Write(JsonElement? instructions, JsonElement? input)
    {
        if (instructions is { } text)
        {
            _system.Add(RawJson.Inside(text));
        }

        bool isList = input is { ValueKind: JsonValueKind.Array };
        if (_system.IsEmpty && (input is null || (isList ? input.Value.GetArrayLength() == 0 : input.Value.ValueEquals(""u8))))
        {
            throw new PrivatemodeRequestException("input", "'input' is missing. Send a string or a list of items.");
        }

        if (isList && input!.Value.GetArrayLength() > MaxItems)
        {
            throw new PrivatemodeRequestException("input", $"'input' has more than {MaxItems} items. Send fewer.");
        }

        _writer.WriteStartArray("messages"u8);
        if (isList)
        {
            int i = 0;
            foreach (JsonElement item in input!.Value.EnumerateArray())
            {
                Add(new RequestObject(item, new MemberPath("input", i++)));
            }
        }
        else if (input is { } prompt && !prompt.ValueEquals(""u8))
        {
            BeginMessage("user"u8);
            RawJson.Write(_writer, "content"u8, prompt);
            _writer.WriteEndObject();
        }

        EndTurn();
        _writer.WriteEndArray();
        if (Messages == 0)
        {
            throw new PrivatemodeRequestException("input", "'input' has nothing to answer. Send a message or the output of a call.");
        }
    }

    public void Dispose()
    {
        _parts.Dispose();
        _reasoning.Dispose();
        _system.Dispose();
        _content.Dispose();
        _output.Dispose();
        _images.Dispose();
        _calls.Dispose();
    }

    private void Add(RequestObject item)
    {
        string type = item.FindWord("type"u8) ?? (item.Find("role"u8) is null ? "" : "message");
        switch (type)
        {
            case "message":
                AddMessage(item.WithOnly(MessageMembers));
                break;
            case "function_call" or "custom_tool_call":
                EndImages();
                _calls.Add(item, isCustom: type == "custom_tool_call");
                break;
            case "function_call_output" or "custom_tool_call_output":
                AddOutput(item);
                break;
            case "reasoning":
                EndImages();
                _reasoning.Add(item);
                break;
            default:
                LeaveOut(type, item.Path);
                break;
        }
    }

    private void LeaveOut(string type, MemberPath path)
    {
        if (HostedTools.OfItem(type) is { } hosted)
        {
            if (!_leavesOutHosted)
            {
                throw path.Refuse($"'{path}' is an item of the hosted tool \"{hosted}\", which is not available. Leave it out.");
            }

            _ = _leftOut.Add(hosted);
            return;
        }

        throw type switch
        {
            "item_reference" => path.Refuse($"'{path}' refers to a stored item. Nothing is stored: send the item itself."),
            "compaction" or "compaction_summary" or "compaction_trigger" or "context_compaction" => path.Refuse(
                $"'{path}' needs compaction, which the service does not offer. Let the program summarize the conversation itself."),
            _ => path.Member("type"u8).NotKnown(),
        };
    }

    private void AddMessage(RequestObject item)
    {
        JsonElement content = item.Find("content"u8) ?? throw item.Path.Member("content"u8).MustBe("a string or a list");
        MemberPath path = item.Path with { List = "content" };
        switch (item.FindWord("role"u8))
        {
            case "user":
                EndTurn();
                BeginMessage("user"u8);
                _writer.WritePropertyName("content"u8);
                _parts.WriteContent(_writer, content, path);
                _writer.WriteEndObject();
                break;
            case "assistant":
                EndImages();
                _hasMessage = true;
                _parts.AddTexts(_content, content, path, isAssistant: true);
                break;
            case "system" or "developer":
                AddSystem(content, path);
                break;
            default:
                throw item.Path.Member("role"u8).NotKnown();
        }
    }

    /// <summary>Adds a system message. Those at the beginning are joined into one message, because models expect only one.</summary>
    private void AddSystem(JsonElement content, MemberPath path)
    {
        bool isLeading = _isLeading && _calls.IsEmpty && !_hasMessage && _reasoning.IsEmpty;
        if (!isLeading)
        {
            EndTurn();
        }

        _parts.AddTexts(_system, content, path, isAssistant: false);
        if (!isLeading)
        {
            WriteSystem();
        }
    }

    private void AddOutput(RequestObject item)
    {
        (JsonElement id, JsonElement output) = _calls.Answer(item);
        EndAssistant();
        BeginMessage("tool"u8);
        RawJson.Write(_writer, "tool_call_id"u8, id);
        _writer.WritePropertyName("content"u8);
        if (output.ValueKind == JsonValueKind.String)
        {
            RawJson.Write(_writer, output);
        }
        else
        {
            _parts.AddOutput(_output, _images, output, item.Path with { List = "output" });
            _output.MoveTo(_writer);
        }

        _writer.WriteEndObject();
    }

    /// <summary>Ends the message of the assistant and writes it.</summary>
    private void EndTurn()
    {
        EndAssistant();
        EndImages();
    }

    private void EndAssistant()
    {
        if (_calls.IsEmpty && !_hasMessage)
        {
            // A message of reasoning alone has no content, and model servers refuse it.
            _reasoning.Clear();
            EndLeading();
            return;
        }

        BeginMessage("assistant"u8);
        _writer.WritePropertyName("content"u8);
        if (_content.IsEmpty && !_calls.IsEmpty)
        {
            _writer.WriteNullValue();
        }
        else
        {
            _content.MoveTo(_writer);
        }

        _reasoning.MoveTo(_writer);
        _calls.MoveTo(_writer);
        _writer.WriteEndObject();
        _hasMessage = false;
    }

    /// <summary>Writes the images of the outputs so far as a message of the user.</summary>
    private void EndImages()
    {
        if (_images.Length == 0)
        {
            return;
        }

        BeginMessage("user"u8);
        _writer.WriteStartArray("content"u8);
        _writer.WriteStartObject();
        _writer.WriteString("type"u8, "text"u8);
        _writer.WriteString("text"u8, ImagesFollow);
        _writer.WriteEndObject();

        // One raw value, which consists of several with commas between them.
        _writer.WriteRawValue(_images.Span[1..], skipInputValidation: true);
        _writer.WriteEndArray();
        _writer.WriteEndObject();
        _images.Clear();
    }

    private void EndLeading()
    {
        if (_isLeading)
        {
            _isLeading = false;
            if (!_system.IsEmpty)
            {
                WriteSystem();
            }
        }
    }

    private void WriteSystem()
    {
        BeginMessage("system"u8);
        _writer.WritePropertyName("content"u8);
        _system.MoveTo(_writer);
        _writer.WriteEndObject();
    }

    private void BeginMessage(ReadOnlySpan<byte> role)
    {
        EndLeading();
        Messages++;
        _writer.WriteStartObject();
        _writer.WriteString("role"u8, role);
    }
}
