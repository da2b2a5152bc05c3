using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Privatemode.AI.AspNetCore.Internal;
using Privatemode.AI.AspNetCore.Models;

namespace Privatemode.AI.AspNetCore.Dialects;

/// <summary>The settings for the edit of an Anthropic request.</summary>
/// <param name="Model">The model ID that is sent to the service.</param>
internal sealed record MessagesSettings(string Model)
{
    /// <summary>Whether tools that the service does not have are left out. Otherwise, the request is refused.</summary>
    public bool LeavesOutHostedTools { get; init; }

    /// <summary>Whether the caller's <c>cache_salt</c> is removed.</summary>
    public bool IgnoresCacheSalt { get; init; }

    /// <summary>Whether the request only counts tokens, so that <c>max_tokens</c> is not required.</summary>
    public bool CountsTokens { get; init; }
}

/// <summary>The result of the edit of an Anthropic request.</summary>
internal sealed record MessagesEdit
{
    public bool IsStream { get; init; }

    /// <summary>The types of the tools that were left out, from a fixed list of words.</summary>
    public IReadOnlyList<string> LeftOut { get; init; } = [];

    /// <summary>The number of messages with the role <c>system</c> that were moved into the member <c>system</c>.</summary>
    public int Folded { get; init; }

    /// <summary>The number of moved messages that came after an answer of the model. They change the beginning of the prompt, so cached prompts cannot be
    /// used.</summary>
    public int FoldedLate { get; init; }

    /// <summary>The number of members that were left out because they are unknown.</summary>
    public int Unknown { get; init; }
}

/// <summary>Writes an Anthropic request in the form that the model server of the service accepts.</summary>
/// <remarks>
/// <para>Coding assistants send members that only Anthropic's own servers understand. A member is translated if the service has another name for it, and left
/// out if it only saves tokens or describes the caller. A request is refused if a part of it would silently not be done.</para>
/// <para>Texts are copied byte for byte and members keep their order, so that the prompt of the next request begins with the same bytes. A request that
/// was edited stays the same when it is edited again.</para>
/// </remarks>
internal sealed class MessagesRewriter
{
    // Anthropic's own, which the model server has no use for: they describe the caller, or how tokens are cached and billed.
    private static readonly string[] Dropped =
    [
        "metadata", "thinking", "context_management", "cache_control", "service_tier", "inference_geo", "speed", "betas", "diagnostics", "user_profile_id",
        "output_format", "mcp_servers", "container", "tool_choice", "cache_salt", "prompt_cache_key",
    ];

    private readonly JsonElement _request;
    private readonly MessagesSettings _settings;
    private readonly Utf8JsonWriter _writer;
    private readonly MessageBlocks _blocks;
    private readonly ToolDefinitions _tools;
    private readonly SystemTexts _system = new();
    private readonly List<Turn> _turns = [];
    private int _unknown;

    private MessagesRewriter(JsonElement request, MessagesSettings settings, Utf8JsonWriter writer)
    {
        (_request, _settings, _writer) = (request, settings, writer);
        _blocks = new MessageBlocks(writer);
        _tools = ToolDefinitions.Read(request, settings.LeavesOutHostedTools);
    }

    /// <summary>Writes the request for the service.</summary>
    /// <param name="body">The caller's request.</param>
    /// <param name="context">The settings of the proxy, and the caller.</param>
    /// <param name="target">The buffer that receives the edited request.</param>
    /// <exception cref="PrivatemodeRequestException">The request is not valid, or requires something that the service does not support.</exception>
    public static EditResult Edit(ReadOnlyMemory<byte> body, EditContext context, PooledBuffer target) => Edit(body, context, target, countsTokens: false);

    /// <summary>Writes a request for counting its tokens, with the same edits as if it were sent.</summary>
    /// <inheritdoc cref="Edit(ReadOnlyMemory{byte}, EditContext, PooledBuffer)"/>
    public static EditResult Count(ReadOnlyMemory<byte> body, EditContext context, PooledBuffer target) => Edit(body, context, target, countsTokens: true);

    /// <summary>Writes the request without the caller's session and the alias table.</summary>
    public static MessagesEdit Edit(ReadOnlyMemory<byte> body, MessagesSettings settings, IBufferWriter<byte> output)
    {
        using JsonDocument document = RequestJson.Parse(body);
        return Edit(document.RootElement, settings, output);
    }

    private static EditResult Edit(ReadOnlyMemory<byte> body, EditContext context, PooledBuffer target, bool countsTokens)
    {
        using JsonDocument document = RequestJson.Parse(body);
        string asked = ModelNames.Require(RequestJson.TryGet(document.RootElement, "model"u8, out JsonElement model) ? RequestJson.Short(model) : null);
        MessagesSettings settings = new(context.Models.Resolve(asked, ModelTask.Chat))
        {
            LeavesOutHostedTools = context.LeavesOutHostedTools,
            IgnoresCacheSalt = context.Options.IgnoreCallerCacheSalt,
            CountsTokens = countsTokens,
        };
        MessagesEdit edit = Edit(document.RootElement, settings, target);
        return new EditResult
        {
            IsChanged = true,
            RequestedModel = asked,
            Model = settings.Model,
            IsStream = edit.IsStream,
            EstimatedInputTokens = TokenEstimate.Of(target.Span),
            LeftOut = edit.LeftOut,
            CacheKey = CallerSession.KeyOf(context, bodyKey: null),
            FoldedLate = edit.FoldedLate,
            UnknownMembers = edit.Unknown,
        };
    }

    private static MessagesEdit Edit(JsonElement request, MessagesSettings settings, IBufferWriter<byte> output)
    {
        using Utf8JsonWriter writer = new(output, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });
        MessagesEdit edit = new MessagesRewriter(request, settings, writer).Run();
        writer.Flush();
        return edit;
    }

    private MessagesEdit Run()
    {
        bool isStream = RequestJson.Flag(_request, "stream"u8, "stream");
        ThrowIfNotAvailable();
        RequireMaxTokens();
        ReadMessages();
        bool hasSystem = _request.TryGetProperty("system"u8, out _);
        _writer.WriteStartObject();
        foreach (JsonProperty member in _request.EnumerateObject())
        {
            if (member.Value.ValueKind == JsonValueKind.Null && member.Name != "system")
            {
                continue;
            }

            if (member.NameEquals("messages"u8) && !hasSystem)
            {
                _system.Write(_writer, _blocks);
            }

            WriteMember(member);
        }

        OutputSettings.Write(_writer, _request, ModelProfiles.Of(_settings.Model));
        _writer.WriteEndObject();
        return new MessagesEdit
        {
            IsStream = isStream,
            LeftOut = _tools.LeftOut,
            Folded = _system.Folded,
            FoldedLate = _system.FoldedLate,
            Unknown = _unknown,
        };
    }

    private void WriteMember(JsonProperty member)
    {
        switch (member.Name)
        {
            case "model": _writer.WriteString("model"u8, _settings.Model); break;
            case "system": _system.Write(_writer, _blocks); break;
            case "messages": WriteMessages(); break;
            case "tools": WriteTools(); break;
            case "max_tokens" or "stream" or "temperature" or "top_p" or "top_k" or "stop_sequences": Copy(member); break;
            case "cache_salt" when !_settings.IgnoresCacheSalt: Copy(member); break;
            case "output_config" or "chat_template_kwargs": break; // see OutputSettings
            default: _unknown += Dropped.Contains(member.Name) ? 0 : 1; break;
        }
    }

    private void ThrowIfNotAvailable()
    {
        // The caller counts on work that would not be done.
        bool hasServers = RequestJson.TryGet(_request, "mcp_servers"u8, out JsonElement servers) &&
            !(servers.ValueKind == JsonValueKind.Array && servers.GetArrayLength() == 0);
        string? member = hasServers ? "mcp_servers" : RequestJson.TryGet(_request, "container"u8, out _) ? "container" : null;
        if (member is not null)
        {
            throw new PrivatemodeRequestException(member, $"'{member}' is not available with this service. Leave it out.");
        }
    }

    private void RequireMaxTokens()
    {
        if (_settings.CountsTokens)
        {
            return;
        }

        if (!RequestJson.TryGet(_request, "max_tokens"u8, out JsonElement limit))
        {
            throw RequestJson.Missing("max_tokens");
        }

        if (limit.ValueKind != JsonValueKind.Number || !limit.TryGetInt64(out long tokens) || tokens < 1)
        {
            throw RequestJson.Wrong("max_tokens", "a whole number of at least 1");
        }
    }

    private void ReadMessages()
    {
        if (!RequestJson.TryGet(_request, "messages"u8, out JsonElement messages))
        {
            throw RequestJson.Missing("messages");
        }

        if (messages.ValueKind != JsonValueKind.Array)
        {
            throw RequestJson.Wrong("messages", "a list");
        }

        if (RequestJson.TryGet(_request, "system"u8, out JsonElement system))
        {
            _system.Add(system, "system");
        }

        (int index, bool followsFolded, bool hasAnswer) = (0, false, false);
        foreach (JsonElement message in messages.EnumerateArray())
        {
            string role = RoleOf(message, index);
            JsonElement content = ContentOf(message, index);
            if (role == "system")
            {
                _system.Fold(content, $"messages[{index}].content", hasAnswer);
            }
            else
            {
                AddTurn(role, index, content, isJoined: followsFolded && role == "user");
            }

            (index, followsFolded, hasAnswer) = (index + 1, role == "system", hasAnswer || role == "assistant");
        }
    }

    /// <summary>Adds a message. Two messages of the user are joined if a system message between them was moved, because models expect the roles to
    /// alternate.</summary>
    private void AddTurn(string role, int index, JsonElement content, bool isJoined)
    {
        if (!isJoined || _turns.Count == 0 || _turns[^1].Role != role)
        {
            _turns.Add(new Turn(role, []));
        }

        _turns[^1].Contents.Add((index, content));
    }

    private void WriteMessages()
    {
        _writer.WriteStartArray("messages"u8);
        foreach (Turn turn in _turns.Where(turn => !turn.IsEmpty))
        {
            _writer.WriteStartObject();
            _writer.WriteString("role"u8, turn.Role);
            if (turn.Contents is [(_, { ValueKind: JsonValueKind.String } text)])
            {
                WriteRaw("content", text);
            }
            else
            {
                _writer.WriteStartArray("content"u8);
                turn.Contents.ForEach(part => WriteBlocks(part.Content, part.Message));
                _writer.WriteEndArray();
            }

            _writer.WriteEndObject();
        }

        _writer.WriteEndArray();
    }

    private void WriteBlocks(JsonElement content, int message)
    {
        if (content.ValueKind == JsonValueKind.String)
        {
            if (!Turn.IsEmptyContent(content))
            {
                _blocks.WriteText(content);
            }

            return;
        }

        int index = 0;
        foreach (JsonElement block in content.EnumerateArray())
        {
            _blocks.Write(block, new MessageBlocks.Place(message, index++));
        }
    }

    private void WriteTools()
    {
        if (_tools.Any)
        {
            _tools.Write(_writer);
            if (RequestJson.TryGet(_request, "tool_choice"u8, out JsonElement choice))
            {
                _tools.WriteChoice(_writer, choice);
            }
        }
    }

    private void Copy(JsonProperty member) => WriteRaw(member.Name, member.Value);

    private void WriteRaw(string name, JsonElement value)
    {
        _writer.WritePropertyName(name);
        _writer.WriteRawValue(RequestJson.Raw(value), skipInputValidation: true);
    }

    private static string RoleOf(JsonElement message, int index)
    {
        if (message.ValueKind != JsonValueKind.Object)
        {
            throw RequestJson.Wrong($"messages[{index}]", "an object");
        }

        return (RequestJson.TryGet(message, "role"u8, out JsonElement role) ? RequestJson.Short(role) : null) switch
        {
            // The last two are what some versions of Claude Code call messages of its own.
            "user" or "ctx" or "msg" => "user",
            "assistant" => "assistant",
            "system" => "system",
            _ => throw RequestJson.Wrong($"messages[{index}].role", "user, assistant or system"),
        };
    }

    private static JsonElement ContentOf(JsonElement message, int index) =>
        RequestJson.TryGet(message, "content"u8, out JsonElement content) && content.ValueKind is JsonValueKind.String or JsonValueKind.Array
            ? content
            : throw RequestJson.Wrong($"messages[{index}].content", "a string or a list of blocks");

    /// <summary>One message to send, made from one message of the caller or from several that were joined.</summary>
    private sealed record Turn(string Role, List<(int Message, JsonElement Content)> Contents)
    {
        // An empty text is a message of the caller; a message that lost its blocks is left out.
        public bool IsEmpty => !(Contents is [(_, { ValueKind: JsonValueKind.String })]) && Contents.TrueForAll(part => IsEmptyContent(part.Content));

        public static bool IsEmptyContent(JsonElement content) => content.ValueKind == JsonValueKind.String
            ? RequestJson.Inner(content).Length == 0
            : content.EnumerateArray().All(MessageBlocks.IsDropped);
    }
}
