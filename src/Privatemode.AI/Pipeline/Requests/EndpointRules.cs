using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Pipeline.Requests;

/// <summary>The endpoints that may be called. All others are refused before anything is sent.</summary>
internal static class EndpointRules
{
    public const string ModelsPath = "/v1/models";

    // A prompt and a few short fields in addition to the file.
    private const int OtherFieldsLimit = 1024 * 1024;

    private const int DocumentWireLimit = 50 * 1024 * 1024;

    // The characters of an encrypted value in addition to two digits for each byte: quotes, ID, nonce, IV and tag.
    private const int EncryptedFormOverhead = 256;

    private static readonly ClearNames GenerationRequest = new("model", "stream_options", "max_tokens", "max_completion_tokens", "n", "stream");
    private static readonly ClearNames IdAndUsage = new("id", "usage");
    private static readonly ResponseSchema Choices = new(IdAndUsage, "choices"u8.ToArray(), JsonTokenType.StartArray);

    public static EndpointRule ChatCompletions { get; } = new()
    {
        Method = "POST",
        Path = "/v1/chat/completions",
        RequestClearNames = GenerationRequest,
        Answer = Choices,
        UsesPromptCache = true,
        HasMessages = true,
    };

    /// <summary>Implemented by this library: the body is translated to one of another endpoint before it is encrypted.</summary>
    public static EndpointRule Responses { get; } = ChatCompletions with { Path = "/v1/responses", SentAs = ChatCompletions };

    public static EndpointRule Completions { get; } = new()
    {
        Method = "POST",
        Path = "/v1/completions",
        RequestClearNames = GenerationRequest,
        Answer = Choices,
        UsesPromptCache = true,
    };

    public static EndpointRule Embeddings { get; } = new()
    {
        Method = "POST",
        Path = "/v1/embeddings",
        RequestClearNames = new ClearNames("model"),
        Answer = new ResponseSchema(IdAndUsage, "data"u8.ToArray(), JsonTokenType.StartArray),
    };

    public static EndpointRule Transcriptions { get; } = new()
    {
        Method = "POST",
        Path = "/v1/audio/transcriptions",
        RequestClearNames = new ClearNames("model", "stream", "stream_include_usage", "stream_continuous_usage_stats"),
        Answer = new ResponseSchema(new ClearNames("duration", "usage"), "text"u8.ToArray(), JsonTokenType.String),
        Body = BodyKind.Form,
        PlaintextLimit = ClearFormFields.FileLimit + OtherFieldsLimit,
        Stream = StreamKind.Transcription,
    };

    public static EndpointRule Messages { get; } = new()
    {
        Method = "POST",
        Path = "/v1/messages",
        RequestClearNames = new ClearNames("model", "stream"),
        Answer = new ResponseSchema(new ClearNames("id", "type", "usage"), "content"u8.ToArray(), JsonTokenType.StartArray),
        UsesPromptCache = true,
        Stream = StreamKind.Messages,
    };

    /// <summary>Document extraction.</summary>
    public static EndpointRule Partition { get; } = new()
    {
        Method = "POST",
        Path = "/unstructured/general/v0/general",
        RequestClearNames = new ClearNames(),
        Answer = new ResponseSchema(new ClearNames(), default, JsonTokenType.StartArray, AllowsArray: true),
        Body = BodyKind.Whole,
        PlaintextLimit = (DocumentWireLimit - EncryptedFormOverhead) / 2,
        WireLimit = DocumentWireLimit,
        NamesModel = false,
    };

    private static readonly EndpointRule[] Encrypted = [ChatCompletions, Responses, Completions, Embeddings, Transcriptions, Messages, Partition];

    /// <summary>Returns the rule for a request, or throws an exception that says why the request is not supported.</summary>
    /// <exception cref="PrivatemodeWouldLeakException">The request is for another host, has a query, or is for an unknown endpoint.</exception>
    public static EndpointRule Match(string method, Uri uri, Uri service)
    {
        if (uri.Scheme != service.Scheme || uri.Host != service.Host || uri.Port != service.Port || uri.UserInfo.Length > 0)
        {
            throw new PrivatemodeWouldLeakException(
                "other-host", "The request is for another address than the configured service. Set the address in Endpoint only.");
        }

        if (uri.Query.Length > 0 || uri.Fragment.Length > 0)
        {
            throw new PrivatemodeWouldLeakException("query-string", "The request has a query string, which would be sent in the clear. Remove it.");
        }

        foreach (EndpointRule rule in Encrypted)
        {
            if (rule.Method == method && rule.Path == uri.AbsolutePath)
            {
                return rule;
            }
        }

        return MatchUnencrypted(method, uri.AbsolutePath);
    }

    private static EndpointRule MatchUnencrypted(string method, string path)
    {
        if (method == "GET" && (path == ModelsPath || IsOneModel(path)))
        {
            return new EndpointRule { Method = method, Path = path };
        }

        if (IsAboutStored(path))
        {
            throw new PrivatemodeWouldLeakException(
                "nothing-stored", "The service stores no responses or conversations, so they cannot be read, listed, canceled, deleted, counted or " +
                "compacted. Send the whole conversation with POST /v1/responses.");
        }

        throw path == "/v1/audio/translations"
            ? new PrivatemodeWouldLeakException(
                "removed-endpoint", "The service removed translations in version 1.33. Transcribe, then translate with a chat.")
            : new PrivatemodeWouldLeakException("unknown-endpoint", "This library cannot encrypt requests to this endpoint, so the call was not sent. " +
                "It supports chat completions, responses, completions, messages, embeddings, transcriptions, document extraction and the list of models.");
    }

    /// <summary>Whether a path is one of OpenAI's for stored responses or conversations.</summary>
    private static bool IsAboutStored(string path) => path is "/v1/responses" or "/v1/conversations" ||
        path.StartsWith("/v1/responses/", StringComparison.Ordinal) || path.StartsWith("/v1/conversations/", StringComparison.Ordinal);

    /// <summary>Whether a path names one model. The OpenAI client escapes the slash of an ID such as openai/gpt-oss-120b.</summary>
    private static bool IsOneModel(string path)
    {
        if (!path.StartsWith(ModelsPath + "/", StringComparison.Ordinal))
        {
            return false;
        }

        string id = path[(ModelsPath.Length + 1)..].Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);

        // A dot segment after an escaped slash takes effect if a proxy unescapes the path.
        return MemberNames.IsModel(id) && !id.Split('/').Any(segment => segment is "." or "..");
    }
}

/// <summary>The rules of one endpoint of the service for a request and its answer.</summary>
internal sealed record EndpointRule
{
    /// <summary>HTTP method, upper case.</summary>
    public required string Method { get; init; }

    /// <summary>Path, without host and query.</summary>
    public required string Path { get; init; }

    /// <summary>Request members that are sent in the clear; null for an endpoint without a body, which is not encrypted at all.</summary>
    public ClearNames? RequestClearNames { get; init; }

    /// <summary>Schema of the encrypted answer; null for an endpoint that is not encrypted.</summary>
    public ResponseSchema? Answer { get; init; }

    /// <summary>Whether the service requires a <c>cache_salt</c> in the body, and the shard key header if the salt is not random.</summary>
    public bool UsesPromptCache { get; init; }

    /// <summary>The part of the body that is encrypted.</summary>
    public BodyKind Body { get; init; }

    /// <summary>The maximum size of a body before encryption, in bytes.</summary>
    public int PlaintextLimit { get; init; } = RequestEncryptor.WireLimit;

    /// <summary>The maximum size of a body on the wire, in bytes; the gateway refuses more.</summary>
    public int WireLimit { get; init; } = RequestEncryptor.WireLimit;

    /// <summary>Whether the service gets the requested model in a header.</summary>
    public bool NamesModel { get; init; } = true;

    /// <summary>The kind of events in a stream of this endpoint.</summary>
    public StreamKind Stream { get; init; }

    /// <summary>Whether the answer contains messages of an assistant, with tool calls.</summary>
    public bool HasMessages { get; init; }

    /// <summary>The endpoint that a call to this one is translated to; null for an endpoint of the service.</summary>
    public EndpointRule? SentAs { get; init; }

    /// <summary>False for endpoints without encrypted content.</summary>
    public bool IsEncrypted => Answer is not null;
}

/// <summary>The kinds of events in a stream.</summary>
internal enum StreamKind
{
    /// <summary>Choices, as in chat and completions.</summary>
    Choices,

    /// <summary>Pieces of a transcription.</summary>
    Transcription,

    /// <summary>Anthropic-style messages.</summary>
    Messages,
}
