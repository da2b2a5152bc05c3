using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Pipeline.Requests;

namespace Privatemode.AI.Responses;

/// <summary>A request for a response that was translated to a chat: what its answer has to know of it.</summary>
internal sealed class ResponsesCall(ResponsesCaller caller, TimeProvider time) : CallTranslation
{
    private string? _cacheKey;
    private string? _leftOutTools;
    private string? _model;

    /// <summary>What the answer repeats; owned.</summary>
    public ResponseEcho Echo { get; } = new();

    /// <summary>The tools of the request by the names that the chat has for them.</summary>
    public IReadOnlyDictionary<string, ToolName> Tools { get; set; } = new Dictionary<string, ToolName>();

    /// <summary>Whether the probabilities of tokens were asked for.</summary>
    public bool WantsLogprobs { get; set; }

    /// <summary>Makes the text for <c>encrypted_content</c> of a reasoning, which is UTF-8; null unless the request asks for it.</summary>
    public Func<ReadOnlySpan<byte>, byte[]>? EncryptReasoning { get; set; }

    /// <summary>How many items had reasoning that could not be decrypted.</summary>
    public int ForeignReasoning { get; set; }

    public ResponsesCaller Caller => caller;

    public override string? CacheKey => _cacheKey;

    public override string? LeftOutTools => _leftOutTools;

    public void SetCacheKey(string? key) => _cacheKey = key;

    public void SetLeftOutTools(string? types) => _leftOutTools = types;

    /// <summary>The id of the call; null until it has one.</summary>
    public string? RequestId { get; private set; }

    /// <summary>The time now, in seconds since 1970.</summary>
    public long Now => time.GetUtcNow().ToUnixTimeSeconds();

    public override void Attach(EncryptedCall call)
    {
        RequestId = call.RequestId;
        _model = call.Model;
    }

    public override MemoryStream TranslateWhole(DecryptedDocument answer) => WholeResponse.Translate(answer.Text, this);

    public override EventTranslator BeginStream() => new ResponseEvents(this);

    public override byte[] TranslateError(int status, ReadOnlySpan<byte> body) => ResponseErrors.Translate(status, body);

    /// <summary>What is known of a response that begins now. All attempts of a call have the same id.</summary>
    public ResponseHead NewHead() => new(
        (RequestId ?? "")[(RequestId?.IndexOf('_', StringComparison.Ordinal) + 1 ?? 0)..].Replace("-", "", StringComparison.Ordinal),
        Now,
        caller.AnsweredModel ?? _model ?? "");

    /// <summary>The tool of a name in the chat. A model may invent one, which the caller then tells it.</summary>
    public ToolName ToolOf(string chatName) => Tools.TryGetValue(chatName, out ToolName tool) ? tool : new ToolName(false, null, chatName);

    /// <summary>The text for <c>encrypted_content</c> of a reasoning; null unless the request asks for it.</summary>
    /// <param name="escaped">The reasoning, as it stands in JSON.</param>
    public byte[]? Encrypt(ReadOnlySpan<byte> escaped)
    {
        if (EncryptReasoning is null)
        {
            return null;
        }

        using PooledBytes text = new(escaped.Length);
        text.AppendUnescaped(escaped);
        return EncryptReasoning(text.Span);
    }

    protected override void Release() => Echo.Dispose();
}

/// <summary>A tool as the request names it.</summary>
/// <param name="IsCustom">It takes text instead of arguments.</param>
internal readonly record struct ToolName(bool IsCustom, string? Namespace, string Name);
