using System.Buffers.Binary;
using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Privatemode.AI.Diagnostics;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Multipart;
using Privatemode.AI.Internal;
using Privatemode.AI.Sessions;

namespace Privatemode.AI.Pipeline.Requests;

/// <summary>Converts calls to encrypted attempts. Independent of the transport: its input is bytes, path and headers, its output bytes and headers.</summary>
internal sealed class RequestEncryptor(Uri service, PromptCacheSaltProvider salts, TimeProvider time)
{
    /// <summary>The maximum size of a body on the wire, in bytes; the gateway refuses more.</summary>
    public const int WireLimit = 128 * 1024 * 1024;

    /// <summary>
    /// The request headers that a caller may set; all others would be sent in the clear. A User-Agent is not sent: every attempt has
    /// this library's instead. It is accepted because Microsoft.Extensions.AI.OpenAI adds its name to each call, and this cannot be turned off.
    /// </summary>
    private static readonly string[] CallerHeaders = [ProtocolHeaders.Accept, ProtocolHeaders.ContentType, ProtocolHeaders.UserAgent];

    /// <summary>Returns the rule for an address, after checking the caller's headers.</summary>
    /// <exception cref="PrivatemodeWouldLeakException">The address or a header is not allowed.</exception>
    public EndpointRule Match(string method, Uri uri, IEnumerable<KeyValuePair<string, string>> headers)
    {
        EndpointRule rule = EndpointRules.Match(method, uri, service);
        foreach ((string name, string value) in headers)
        {
            if (!CallerHeaders.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                throw new PrivatemodeWouldLeakException(
                    "unknown-header", "The call sets a header that this library does not send, because it would be sent in the clear. Remove it.");
            }

            if (name.Equals(ProtocolHeaders.Accept, StringComparison.OrdinalIgnoreCase) && !OutboundCheck.IsAccept(value))
            {
                throw new PrivatemodeWouldLeakException(
                    "accept-header", "The Accept header contains more than the media types of the service's answers. Remove it.");
            }

            if (name.Equals(ProtocolHeaders.ContentType, StringComparison.OrdinalIgnoreCase) && rule.IsEncrypted && !IsAccepted(rule, value))
            {
                throw UnknownContentType(rule);
            }
        }

        return rule;
    }

    /// <summary>Reads a plaintext body. Takes ownership of the bytes, even if it throws.</summary>
    /// <param name="contentType">Its <c>Content-Type</c>, or null, which is treated as JSON.</param>
    /// <exception cref="PrivatemodeWouldLeakException">The body is malformed or ambiguous.</exception>
    public static RequestBody Read(EndpointRule rule, PooledBytes bytes, string? contentType)
    {
        if (rule.Body == BodyKind.Json)
        {
            return new JsonRequestBody(bytes);
        }

        if (!FormBoundary.TryRead(contentType, out string boundary))
        {
            bytes.Dispose();
            throw UnknownContentType(rule);
        }

        return rule.Body == BodyKind.Form ? new FormRequestBody(bytes, boundary) : new OpaqueRequestBody(bytes, boundary);
    }

    /// <summary>Checks a plaintext body and completes it. Takes ownership of the body, even if it throws.</summary>
    /// <param name="apiKey">The API key of the call, which decides with whom it shares the prompt cache.</param>
    /// <param name="translation">Translates the answer back, for a body that was translated; the call owns it, unless this throws.</param>
    /// <param name="cacheKey">The caller's prompt cache session; null for the one that the body names, if any.</param>
    /// <param name="caller">The caller, if several share an API key; null for one caller.</param>
    /// <exception cref="PrivatemodeWouldLeakException">A member or field could contain content in the clear.</exception>
    /// <exception cref="PrivatemodeRequestException">The body lacks something that the service requires, or is more than it accepts.</exception>
    public EncryptedCall Prepare(
        EndpointRule rule, RequestBody body, string apiKey, CallTranslation? translation = null, string? cacheKey = null, string? caller = null)
    {
        try
        {
            return body switch
            {
                JsonRequestBody json => PrepareJson(rule, json, apiKey, translation, cacheKey, caller),
                FormRequestBody form => PrepareForm(rule, form),
                _ => new EncryptedCall { Rule = rule, RequestId = RequestIds.New(time), Body = body },
            };
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    /// <summary>A call to an endpoint that is not encrypted because it has no content.</summary>
    public EncryptedCall PrepareWithoutBody(EndpointRule rule) => new() { Rule = rule, RequestId = RequestIds.New(time) };

    /// <summary>Encrypts one attempt under a secret. Takes ownership of the lease, even if it throws.</summary>
    public CallAttempt Encrypt(EncryptedCall call, SecretLease lease, string apiKey)
    {
        TelemetryOperation? operation = null;
        BodyExchange? exchange = null;
        try
        {
            operation = CallTelemetry.BeginEncryption(call, lease.Session, time);
            exchange = new BodyExchange(lease.Session.EncryptionKey, lease.Session.IdUtf8);
            EncryptedBody body = call.Body!.Encrypt(exchange, call.Rule);
            EncryptedContent content = new(body);
            if (body.Length > call.Rule.WireLimit)
            {
                content.Dispose();
                throw new PrivatemodeRequestException(
                    "body", $"The encrypted request is larger than {call.Rule.WireLimit} bytes, the maximum of the service. Send less in one request.");
            }

            CallAttempt attempt = new(call, lease, exchange, content, EncryptedHeaders(call, lease.Session, apiKey, body));
            operation?.Succeed();
            return attempt;
        }
        catch (Exception exception)
        {
            exchange?.Dispose();
            lease.Dispose();
            operation?.Fail(exception);
            throw;
        }
    }

    /// <summary>An attempt for an endpoint that is not encrypted.</summary>
    public static CallAttempt WithoutBody(EncryptedCall call, string apiKey) =>
        new(call, null, null, null, CommonHeaders(apiKey, call.RequestId));

    private EncryptedCall PrepareJson(
        EndpointRule rule, JsonRequestBody body, string apiKey, CallTranslation? translation, string? cacheKey, string? caller)
    {
        ClearMembers.Check(body.Bytes.Span, body.Index, rule.RequestClearNames!);
        if (body.Index.HasEscapes)
        {
            ThrowIfLoneSurrogate(body.Bytes.Span);
        }

        string model = RefuseApiKey(ModelOf(body));

        // One call for the random bytes of the ID and the salt, because each call takes as long as hundreds of bytes.
        Span<byte> random = stackalloc byte[RequestIds.RandomSize + PromptCacheSaltProvider.SecretSize];
        RandomNumberGenerator.Fill(random);
        string? shardKey = rule.UsesPromptCache ? EnsureSalt(body, apiKey, cacheKey, caller, random[RequestIds.RandomSize..]) : null;
        (bool AtEnd, bool OnEveryEvent) usage = ClearMembers.ReadUsageOptions(body.Bytes.Span, body.Index);
        EncryptedCall call = new()
        {
            Rule = rule,
            RequestId = RequestIds.New(time, random[..RequestIds.RandomSize]),
            Body = body,
            Model = model,
            WantsStream = WantsStream(body),
            Choices = ChoiceCount.Of(body),
            EndsWithUsage = usage.AtEnd,
            KeepsUsage = usage.OnEveryEvent,
            ShardKey = shardKey,
            Translation = translation,
        };
        translation?.Attach(call);
        return call;
    }

    /// <summary>Throws if a body contains an escaped lone surrogate. JSON allows it and Unicode does not; model servers fail only after decryption.</summary>
    /// <exception cref="PrivatemodeRequestException">The body contains an escaped lone surrogate.</exception>
    public static void ThrowIfLoneSurrogate(ReadOnlySpan<byte> body)
    {
        if (LoneSurrogates.Find(body) >= 0)
        {
            throw new PrivatemodeRequestException(
                "body",
                "The request contains an escape of half a surrogate pair (\\ud800 to \\udfff) without the other half, which is not a character. " +
                "Replace it with \\ufffd, or send the whole character.");
        }
    }

    private EncryptedCall PrepareForm(EndpointRule rule, FormRequestBody body)
    {
        ClearFormFields.Check(body, rule.RequestClearNames!);
        bool hidesUsage = ClearFormFields.EnsureUsage(body);
        return new EncryptedCall
        {
            Rule = rule,
            RequestId = RequestIds.New(time),
            Body = body,
            Model = RefuseApiKey(ClearFormFields.ModelOf(body) ?? throw NoModel()),
            WantsStream = ClearFormFields.WantsStream(body),
            WantsTimes = ClearFormFields.WantsTimes(body),
            EndsWithUsage = ClearFormFields.WantsUsage(body),
            HidesUsage = hidesUsage,
            KeepsUsage = ClearFormFields.WantsUsageOnEveryEvent(body),
        };
    }

    private static List<KeyValuePair<string, string>> EncryptedHeaders(EncryptedCall call, SessionSecret session, string apiKey, EncryptedBody body)
    {
        List<KeyValuePair<string, string>> headers = CommonHeaders(apiKey, RequestIds.OfAttempt(call.RequestId, call.Attempts++));
        headers.Add(new(ProtocolHeaders.ContentType, body.ContentType));
        headers.Add(new(ProtocolHeaders.SecretId, session.Id));
        headers.Add(new(ProtocolHeaders.GpuPolicy, session.GpuPolicy));
        headers.Add(new(ProtocolHeaders.GpuPolicyMac, session.GpuPolicyMac));
        if (call.Model is not null)
        {
            headers.Add(new(ProtocolHeaders.TargetModel, call.Model));
        }

        if (call.ShardKey is not null)
        {
            headers.Add(new(ProtocolHeaders.ShardKey, call.ShardKey));
        }

        return headers;
    }

    private static List<KeyValuePair<string, string>> CommonHeaders(string apiKey, string requestId) => new(capacity: 11)
    {
        new(ProtocolHeaders.Authorization, "Bearer " + apiKey),
        new(ProtocolHeaders.Version, ProtocolHeaders.ProtocolVersion),
        new(ProtocolHeaders.Client, ProtocolHeaders.ClientValue),
        new(ProtocolHeaders.UserAgent, ProtocolHeaders.UserAgentValue),
        new(ProtocolHeaders.UserRequestId, requestId),
    };

    /// <param name="random">Random bytes for a salt of this call alone; zeroed if they were used.</param>
    private string? EnsureSalt(JsonRequestBody body, string apiKey, string? cacheKey, string? caller, Span<byte> random)
    {
        // A session that the application set takes precedence: the body may be from one of its users, who must not choose the session of another user.
        string? named = PromptCacheKey.Take(body.Bytes, body.Index);
        cacheKey ??= named;
        byte[] ours = salts.Of(apiKey, cacheKey, caller, random, out bool isShared);
        byte[] salt = [];
        try
        {
            if (PromptCacheSaltWriter.Ensure(body.Bytes, body.Index, ours) && !isShared)
            {
                return null;
            }

            salt = PromptCacheSaltWriter.Get(body.Bytes.Span, body.Index);
            return ShardKey.OfBody(body.Bytes.Span, body.Index, salt);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(ours);
            CryptographicOperations.ZeroMemory(salt);
        }
    }

    private static string ModelOf(JsonRequestBody body)
    {
        int i = body.Index.Find("model"u8);
        return i >= 0 && ClearMembers.TryGetModel(body.Index.Members[i].Value(body.Bytes.Span), out string model)
            ? model
            : throw NoModel();
    }

    /// <summary>Returns a model ID, of any client, unless it is probably an API key: it is sent in the clear.</summary>
    private static string RefuseApiKey(string model) =>
        !MemberNames.LooksLikeApiKey(model) ? model : throw new PrivatemodeRequestException("model", $"The model ID {MemberNames.ApiKeyFault}");

    private static PrivatemodeRequestException NoModel() =>
        new("model", "The request does not specify a model. Set one when you create the client, or in the call.");

    private static PrivatemodeWouldLeakException UnknownContentType(EndpointRule rule) => new("unknown-content-type",
        rule.Body == BodyKind.Json
            ? $"The endpoint {rule.Path} accepts only application/json; other bodies cannot be encrypted."
            : $"The endpoint {rule.Path} accepts only multipart/form-data with a boundary; other bodies cannot be encrypted.");

    private static bool IsAccepted(EndpointRule rule, string contentType) =>
        rule.Body == BodyKind.Json ? IsJson(contentType) : FormBoundary.TryRead(contentType, out _);

    private static bool WantsStream(JsonRequestBody body)
    {
        int i = body.Index.Find("stream"u8);
        return i >= 0 && body.Index.Members[i].Value(body.Bytes.Span).SequenceEqual("true"u8);
    }

    private static bool IsJson(string contentType) => contentType == "application/json" ||
        (MediaTypeHeaderValue.TryParse(contentType, out MediaTypeHeaderValue? type) &&
        string.Equals(type.MediaType, "application/json", StringComparison.OrdinalIgnoreCase) &&
        (type.CharSet is null || string.Equals(type.CharSet.Trim('"'), "utf-8", StringComparison.OrdinalIgnoreCase)));
}

/// <summary>IDs of calls: <c>sdk_&lt;UUIDv7&gt;</c>, with <c>_&lt;attempt&gt;</c> on endpoints that are encrypted.</summary>
internal static class RequestIds
{
    /// <summary>The number of random bytes of an ID.</summary>
    public const int RandomSize = 10;

    /// <summary>A new ID; the same for all attempts of one call.</summary>
    public static string New(TimeProvider time) => New(time, RandomNumberGenerator.GetBytes(RandomSize));

    /// <summary>Returns a new ID from <see cref="RandomSize"/> random bytes (RFC 9562, section 5.7).</summary>
    public static string New(TimeProvider time, ReadOnlySpan<byte> random)
    {
        Span<byte> id = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(id, time.GetUtcNow().ToUnixTimeMilliseconds() << 16);
        random.CopyTo(id[^RandomSize..]);
        id[6] = (byte)(0x70 | (id[6] & 0x0F));
        id[8] = (byte)(0x80 | (id[8] & 0x3F));
        return string.Create(CultureInfo.InvariantCulture, $"sdk_{new Guid(id, bigEndian: true):D}");
    }

    /// <summary>The ID of one attempt; the first is 0.</summary>
    public static string OfAttempt(string id, int attempt) => string.Create(CultureInfo.InvariantCulture, $"{id}_{attempt}");
}
