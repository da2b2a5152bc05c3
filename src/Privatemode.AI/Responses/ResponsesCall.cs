using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Pipeline.Requests;

namespace Privatemode.AI.Responses;

/// <summary>A request for a response that was translated to a chat: the information that its answer needs.</summary>
internal sealed class ResponsesCall(ResponsesCaller caller, TimeProvider time) : CallTranslation
{
    private string? _cacheKey;
    private string? _leftOutTools;
    private string? _model;

    /// <summary>The repeated members; owned.</summary>
    public ResponseEcho Echo { get; } = new();

    /// <summary>The tools of the request by their names in the chat.</summary>
    public IReadOnlyDictionary<string, ToolName> Tools { get; set; } = new Dictionary<string, ToolName>();

    /// <summary>Whether the probabilities of tokens were requested.</summary>
    public bool WantsLogprobs { get; set; }

    /// <summary>Encrypts reasoning, in UTF-8, for <c>encrypted_content</c>; null unless the request asks for it.</summary>
    public Func<ReadOnlySpan<byte>, byte[]>? EncryptReasoning { get; set; }

    /// <summary>The number of items with reasoning that could not be decrypted.</summary>
    public int ForeignReasoning { get; set; }

    public ResponsesCaller Caller => caller;

    public override string? CacheKey => _cacheKey;

    public override string? LeftOutTools => _leftOutTools;

    public void SetCacheKey(string? key) => _cacheKey = key;

    public void SetLeftOutTools(string? types) => _leftOutTools = types;

    /// <summary>The ID of the call; null until it has one.</summary>
    public string? RequestId { get; private set; }

    /// <summary>The current time, in seconds since 1970.</summary>
    public long Now => time.GetUtcNow().ToUnixTimeSeconds();

    public override void Attach(EncryptedCall call)
    {
        RequestId = call.RequestId;
        _model = call.Model;
    }

    public override MemoryStream TranslateWhole(DecryptedDocument answer) => WholeResponse.Translate(answer.Text, this);

    public override EventTranslator BeginStream() => new ResponseEvents(this);

    public override byte[] TranslateError(int status, ReadOnlySpan<byte> body) => ResponseErrors.Translate(status, body);

    /// <summary>Creates the first values of a response that begins now. All attempts of a call have the same ID.</summary>
    public ResponseHead NewHead() => new(
        (RequestId ?? "")[(RequestId?.IndexOf('_', StringComparison.Ordinal) + 1 ?? 0)..].Replace("-", "", StringComparison.Ordinal),
        Now,
        caller.AnsweredModel ?? _model ?? "");

    /// <summary>Returns the tool with a name in the chat. A model can use a name that does not exist; the caller must then reject the call.</summary>
    public ToolName ToolOf(string chatName) => Tools.TryGetValue(chatName, out ToolName tool) ? tool : new ToolName(false, null, chatName);

    /// <summary>Returns the text for <c>encrypted_content</c> of reasoning, or null unless the request asks for it.</summary>
    /// <param name="escaped">The reasoning, in the escaped form of JSON.</param>
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

/// <summary>A tool with its name in the request.</summary>
/// <param name="IsCustom">Whether it takes text instead of arguments.</param>
internal readonly record struct ToolName(bool IsCustom, string? Namespace, string Name);
