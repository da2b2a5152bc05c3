using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Pipeline.Requests;

namespace Privatemode.AI.Responses;

/// <summary>A request for a response that was translated to a chat: what its answer has to know of it.</summary>
internal sealed class ResponsesCall(ResponsesCaller caller, TimeProvider time) : CallTranslation
{
    private string? _cacheKey;
    private string? _leftOutTools;

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

    public TimeProvider Time => time;

    public override string? CacheKey => _cacheKey;

    public override string? LeftOutTools => _leftOutTools;

    public void SetCacheKey(string? key) => _cacheKey = key;

    public void SetLeftOutTools(string? types) => _leftOutTools = types;

    public override void Attach(EncryptedCall call)
    {
    }

    public override MemoryStream TranslateWhole(DecryptedDocument answer) => throw new NotSupportedException();

    public override EventTranslator BeginStream() => throw new NotSupportedException();

    public override byte[] TranslateError(int status, ReadOnlySpan<byte> body) => throw new NotSupportedException();

    protected override void Release() => Echo.Dispose();
}

/// <summary>A tool as the request names it.</summary>
/// <param name="IsCustom">It takes text instead of arguments.</param>
internal readonly record struct ToolName(bool IsCustom, string? Namespace, string Name);
