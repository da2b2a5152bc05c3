using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Requests;

namespace Privatemode.AI.Responses;

/// <summary>The body of a request for a response, and the body of the chat that it becomes, which contains only what is written here.</summary>
internal sealed class RequestMembers
{
    /// <summary>The maximum number of members, including those that are null: each is compared with each known member.</summary>
    public const int MaxMembers = 1000;

    private const int MaxPairs = 16;
    private const int MaxPairNameLength = 64;
    private const int MaxPairValueLength = 512;
    private const int MaxLogProbabilities = 20;
    private const string ReasoningInclude = "reasoning.encrypted_content";
    private const string LogProbabilityInclude = "message.output_text.logprobs";

    private static readonly JsonWriterOptions Plain = new() { SkipValidation = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Members that are read below.</summary>
    private static readonly KnownNames Read = new(
        "model", "instructions", "input", "stream", "stream_options", "max_output_tokens", "temperature", "top_p", "top_logprobs", "tools", "tool_choice",
        "parallel_tool_calls", "text", "reasoning", "include", "metadata", "prompt_cache_key", "cache_salt", "store", "background");

    /// <summary>Members that have no effect here, regardless of their value. They are not sent.</summary>
    private static readonly KnownNames Dropped = new(
        "truncation", "service_tier", "user", "safety_identifier", "client_metadata", "prompt_cache_retention", "prompt_cache_options", "max_tool_calls");

    /// <summary>Members that a response repeats.</summary>
    private static readonly string[] Echoed =
        ["metadata", "temperature", "top_p", "max_output_tokens", "parallel_tool_calls", "tool_choice", "text", "top_logprobs", "reasoning"];

    private static readonly KnownNames StreamOptions = new("include_obfuscation");
    private static readonly KnownNames TextMembers = new("format", "verbosity");
    private static readonly KnownNames TextFormat = new("type");
    private static readonly KnownNames SchemaFormat = new("type", "name", "description", "schema", "strict");
    private static readonly KnownNames ReasoningMembers = new("effort", "summary", "generate_summary", "context", "mode");

    private readonly RequestObject _request;
    private readonly ToolTranslator _tools;
    private readonly bool _leavesOutHosted;
    private bool _wantsReasoning;
    private bool _wantsLogProbabilities;

    private RequestMembers(RequestObject request, bool leavesOutHosted)
    {
        _request = request;
        _leavesOutHosted = leavesOutHosted;
        ReadSwitches();
        ReadInclude();
        ReadMetadata();
        _tools = ToolTranslator.Read(request, leavesOutHosted);
    }

    /// <summary>Translates a body.</summary>
    /// <param name="body">The body, which must not change during the call.</param>
    /// <param name="chat">Receives the body of the chat.</param>
    /// <param name="echo">Receives the members that a response repeats.</param>
    /// <param name="leavesOutHosted">Whether hosted tools and their items are left out instead of refused.</param>
    /// <param name="decryptReasoning">Decrypts reasoning that an earlier response contains.</param>
    /// <exception cref="PrivatemodeWouldLeakException">The body is not a JSON object, or is ambiguous.</exception>
    /// <exception cref="PrivatemodeRequestException">A member is unknown, or requires something that the service does not support.</exception>
    public static TranslatedRequest Translate(
        ReadOnlyMemory<byte> body, PooledBytes chat, ResponseEcho echo, bool leavesOutHosted, DecryptReasoning decryptReasoning)
    {
        using JsonDocument document = RequestDocument.Parse(body);
        ThrowIfUnknown(document.RootElement);
        RequestMembers members = new(new RequestObject(document.RootElement, MemberPath.Top), leavesOutHosted);
        TranslatedRequest translated = members.Write(chat, decryptReasoning);
        members.Repeat(echo);
        return translated;
    }

    private static void ThrowIfUnknown(JsonElement request)
    {
        if (request.GetPropertyCount() > MaxMembers)
        {
            throw new PrivatemodeRequestException("body", $"The request has more than {MaxMembers} members. Leave out those that are null.");
        }

        foreach (JsonProperty member in request.EnumerateObject())
        {
            if (member.Value.ValueKind == JsonValueKind.Null || Read.Contains(member) || Dropped.Contains(member))
            {
                continue;
            }

            ReadOnlySpan<byte> raw = JsonMarshal.GetRawUtf8PropertyName(member);
            if (!MemberNames.IsMember(raw))
            {
                throw new PrivatemodeRequestException("body", "The request has a member that this library does not know. Leave it out.");
            }

            string name = member.Name;
            throw new PrivatemodeRequestException(name, name switch
            {
                "previous_response_id" or "conversation" =>
                    $"The service stores no conversations. Send the earlier items in 'input' instead of '{name}'.",
                "prompt" => "Stored prompts are not available. Send the text itself.",
                "context_management" or "moderation" => $"'{name}' is not available with this service. Leave it out.",
                _ => $"'{name}' is not a member of a request for a response that this library knows. Leave it out.",
            });
        }
    }

    private void ReadSwitches()
    {
        if (_request.FindBoolean("store"u8) == true)
        {
            throw new PrivatemodeRequestException("store", "Nothing is stored: send store:false and the whole conversation in 'input'.");
        }

        if (_request.FindBoolean("background"u8) == true)
        {
            throw new PrivatemodeRequestException("background", "There are no background responses. Leave 'background' out, and read the stream.");
        }

        if (_request.FindObject("stream_options"u8) is { } options)
        {
            _ = new RequestObject(options, new MemberPath("stream_options")).WithOnly(StreamOptions);
        }
    }

    private void ReadInclude()
    {
        int i = 0;
        foreach (JsonElement element in _request.FindList("include"u8)?.EnumerateArray() ?? default)
        {
            MemberPath path = new("include", i++);
            string word = element.ValueKind == JsonValueKind.String && RawJson.Of(element).Length < 100 ? element.GetString()! : "";
            if (word == ReasoningInclude)
            {
                _wantsReasoning = true;
            }
            else if (word == LogProbabilityInclude)
            {
                _wantsLogProbabilities = true;
            }
            else if (!(_leavesOutHosted && HostedTools.IsInclude(word)))
            {
                bool isWord = word == "message.input_image.image_url" || HostedTools.IsInclude(word);
                throw path.Refuse($"'include' asks for {(isWord ? $"\"{word}\"" : "something")}, which is not available.");
            }
        }
    }

    private void ReadMetadata()
    {
        if (_request.Find("metadata"u8) is not { } metadata)
        {
            return;
        }

        bool isValid = metadata.ValueKind == JsonValueKind.Object;
        int count = 0;
        foreach (JsonProperty pair in isValid ? metadata.EnumerateObject() : default)
        {
            isValid &= ++count <= MaxPairs && pair.Value.ValueKind == JsonValueKind.String
                && RawJson.CountCharacters(JsonMarshal.GetRawUtf8PropertyName(pair)) <= MaxPairNameLength
                && RawJson.CountCharacters(RawJson.Inside(pair.Value)) <= MaxPairValueLength;
        }

        if (!isValid)
        {
            throw new PrivatemodeRequestException(
                "metadata",
                $"'metadata' must be an object with at most {MaxPairs} pairs of strings: names of at most {MaxPairNameLength} characters, values of at most " +
                $"{MaxPairValueLength}.");
        }
    }

    /// <summary>Writes the chat. The order of its members is always the same, so that requests with the same beginning have equal prompts.</summary>
    private TranslatedRequest Write(PooledBytes chat, DecryptReasoning decryptReasoning)
    {
        using PooledWriteStream stream = new(chat, RequestEncryptor.WireLimit);
        using Utf8JsonWriter writer = new((System.Buffers.IBufferWriter<byte>)stream, Plain);
        using InputItems items = new(writer, _tools.Names, decryptReasoning, _leavesOutHosted);
        writer.WriteStartObject();
        Copy(writer, "model"u8);
        items.Write(_request.FindText("instructions"u8), FindInput());
        WriteTools(writer);
        WriteFormat(writer);
        WriteEffort(writer);
        WriteNumbers(writer);
        WriteStream(writer);
        Copy(writer, "cache_salt"u8);
        writer.WriteEndObject();
        writer.Flush();
        return new TranslatedRequest
        {
            Tools = _tools.Names.Tools,
            WantsReasoning = _wantsReasoning,
            WantsLogProbabilities = _wantsLogProbabilities,
            CacheKey = _request.FindText("prompt_cache_key"u8)?.GetString(),
            LeftOutTools = [.. _tools.LeftOut.Union(items.LeftOut)],
            ForeignReasoning = items.ForeignReasoning,
        };
    }

    private void Repeat(ResponseEcho echo)
    {
        foreach (string name in Echoed)
        {
            if (_request.Find(System.Text.Encoding.ASCII.GetBytes(name)) is { } value)
            {
                echo.Add(name, RawJson.Of(value));
            }
        }
    }

    private JsonElement? FindInput() => _request.Find("input"u8) is not { } input ? null
        : input.ValueKind is JsonValueKind.String or JsonValueKind.Array ? input
        : throw new MemberPath("input").MustBe("a string or a list");

    private void WriteTools(Utf8JsonWriter writer)
    {
        _tools.WriteTools(writer);
        _tools.WriteChoice(writer);
        if (_request.FindBoolean("parallel_tool_calls"u8) is { } parallel && _tools.HasTools)
        {
            writer.WriteBoolean("parallel_tool_calls"u8, parallel);
        }
    }

    private void WriteFormat(Utf8JsonWriter writer)
    {
        if (_request.FindObject("text"u8) is not { } text
            || new RequestObject(text, new MemberPath("text")).WithOnly(TextMembers).FindObject("format"u8) is not { } element)
        {
            return;
        }

        RequestObject format = new(element, new MemberPath("text.format"));
        switch (format.FindWord("type"u8))
        {
            case "text":
                _ = format.WithOnly(TextFormat);
                break;
            case "json_object":
                _ = format.WithOnly(TextFormat);
                writer.WriteStartObject("response_format"u8);
                writer.WriteString("type"u8, "json_object"u8);
                writer.WriteEndObject();
                break;
            case "json_schema":
                WriteSchema(writer, format.WithOnly(SchemaFormat));
                break;
            default:
                throw format.Path.Member("type"u8).NotKnown();
        }
    }

    private static void WriteSchema(Utf8JsonWriter writer, RequestObject format)
    {
        writer.WriteStartObject("response_format"u8);
        writer.WriteString("type"u8, "json_schema"u8);
        writer.WriteStartObject("json_schema"u8);
        RawJson.Write(writer, "name"u8, format.Text("name"u8));
        if (format.FindText("description"u8) is { } description)
        {
            RawJson.Write(writer, "description"u8, description);
        }

        RawJson.Write(writer, "schema"u8, format.FindObject("schema"u8) ?? throw format.Path.Member("schema"u8).MustBe("an object"));
        if (format.FindBoolean("strict"u8) is { } strict)
        {
            writer.WriteBoolean("strict"u8, strict);
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private void WriteEffort(Utf8JsonWriter writer)
    {
        if (_request.FindObject("reasoning"u8) is not { } element)
        {
            return;
        }

        RequestObject reasoning = new RequestObject(element, new MemberPath("reasoning")).WithOnly(ReasoningMembers);
        if (reasoning.FindWord("effort"u8) is not { } effort)
        {
            return;
        }

        string? model = _request.Find("model"u8) is { } id && ClearMembers.TryGetModel(RawJson.Of(id), out string name) ? name : null;
        MemberPath path = reasoning.Path.Member("effort"u8);
        if (effort == "none" && EffortWords.FamilyWithoutNone(model) is { } family)
        {
            throw path.Refuse($"'{path}' is none, but models of the family {family} always reason. Use low, or another model.");
        }

        writer.WriteString("reasoning_effort"u8, EffortWords.Of(effort, model) ?? throw path.NotKnown());
    }

    private void WriteNumbers(Utf8JsonWriter writer)
    {
        if (_request.Find("max_output_tokens"u8) is { } most)
        {
            bool isCount = most.ValueKind == JsonValueKind.Number && most.TryGetInt32(out int count) && count > 0 && RawJson.Of(most).IndexOfAny(".eE"u8) < 0;
            RawJson.Write(writer, "max_completion_tokens"u8, isCount ? most : throw new MemberPath("max_output_tokens").MustBe("a whole number from 1"));
        }

        WriteNumber(writer, "temperature"u8);
        WriteNumber(writer, "top_p"u8);
        int alternatives = 0;
        if (_request.Find("top_logprobs"u8) is { } wanted
            && !(wanted.ValueKind == JsonValueKind.Number && wanted.TryGetInt32(out alternatives) && alternatives is >= 0 and <= MaxLogProbabilities))
        {
            throw new MemberPath("top_logprobs").MustBe($"a whole number from 0 to {MaxLogProbabilities}");
        }

        _wantsLogProbabilities |= alternatives > 0;
        if (_wantsLogProbabilities)
        {
            writer.WriteBoolean("logprobs"u8, true);
            Copy(writer, "top_logprobs"u8);
        }
    }

    private void WriteNumber(Utf8JsonWriter writer, ReadOnlySpan<byte> name)
    {
        if (_request.Find(name) is { ValueKind: not JsonValueKind.Number })
        {
            throw new MemberPath(System.Text.Encoding.ASCII.GetString(name)).MustBe("a number");
        }

        Copy(writer, name);
    }

    private void WriteStream(Utf8JsonWriter writer)
    {
        if (_request.FindBoolean("stream"u8) is not { } isStream)
        {
            return;
        }

        writer.WriteBoolean("stream"u8, isStream);
        if (isStream)
        {
            // The response at the end of the stream has the usage.
            writer.WriteStartObject("stream_options"u8);
            writer.WriteBoolean("include_usage"u8, true);
            writer.WriteEndObject();
        }
    }

    private void Copy(Utf8JsonWriter writer, ReadOnlySpan<byte> name)
    {
        if (_request.Find(name) is { } value)
        {
            RawJson.Write(writer, name, value);
        }
    }
}
