using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Privatemode.AI.Encryption;
using Privatemode.AI.Testing.Enclave;
using Privatemode.AI.Testing.SecretService;

namespace Privatemode.AI.Testing.Server;

/// <summary>The deployment behind HTTP: key exchange, sealed inference, list of models.</summary>
internal sealed class TestServer(
    PrivatemodeTestDeploymentOptions options, SecretStore secrets, ScriptedModel model, FaultPlan faults, StandInServer standIns)
{
    private static readonly PlainNames GenerationRequest = new("model", "stream_options", "max_tokens", "max_completion_tokens", "n", "stream");
    private static readonly PlainNames EmbeddingRequest = new("model");
    private static readonly PlainNames AnswerPlain = new("id", "usage");

    private readonly Lock _gate = new();
    private int _keyExchanges;
    private int _concurrentKeyExchanges;

    /// <summary>The mesh in force; replaced when the CA is rotated.</summary>
    public required MeshIdentity Mesh { get; set; }

    /// <summary>What is offered now.</summary>
    public OfferedModels Models { get; } = new(options.Models);

    public ConcurrentQueue<RecordedRequest> Requests { get; } = [];

    /// <summary>How many secrets were exchanged.</summary>
    public int KeyExchanges => Volatile.Read(ref _keyExchanges);

    /// <summary>The most key exchanges that were ever in progress at once.</summary>
    public int MostConcurrentKeyExchanges { get; private set; }

    public async Task HandleAsync(HttpContext context)
    {
        RecordedRequest record = await RecordAsync(context.Request).ConfigureAwait(false);
        bool isKeyExchange = context.Request.Path == "/privatemode/v1/secret";
        Fault? fault = isKeyExchange ? faults.TakeKeyExchange() : record.IsInference ? faults.TakeInference() : null;
        AnswerSender sender = new(context, record, fault, options);
        try
        {
            if (StandInServer.Find(context.Request) is { } source and not EvidenceSource.Attestation)
            {
                await standIns.HandleAsync(context, record, source).ConfigureAwait(false);
                return;
            }

            RequestChecks.DemandClient(context.Request, options.ApiKey);
            if (fault is { Kind: FaultKind.PlainError })
            {
                await SendPlainErrorAsync(context, sender, fault.StatusCode, fault.Message, "", null, fault.RetryAfter).ConfigureAwait(false);
                return;
            }

            await RouteAsync(context, record, sender, fault).ConfigureAwait(false);
        }
        catch (FaultMissedException exception)
        {
            // With a sender that has no fault; the one that could not happen might otherwise happen to this answer.
            await SendPlainErrorAsync(context, new AnswerSender(context, record, null, options), 500, exception.Message, "", null, retryAfter: null)
                .ConfigureAwait(false);
        }
        catch (EnclaveException exception)
        {
            await SendPlainErrorAsync(context, sender, exception.Status, exception.Message, exception.Type, exception.Code, exception.RetryAfter)
                .ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The client went away, or the connection was cut on purpose.
        }
    }

    private Task RouteAsync(HttpContext context, RecordedRequest record, AnswerSender sender, Fault? fault) =>
        (context.Request.Method, context.Request.Path.Value) switch
        {
            ("POST", "/privatemode/v1/attest") => standIns.AttestAsync(context, record, Mesh.AuthorityPem),
            ("POST", "/privatemode/v1/secret") => ExchangeAsync(record, sender, fault),
            ("GET", "/v1/models") => sender.SendAsync(200, ModelList(), "application/json", isUnsealed: true),
            ("POST", "/v1/chat/completions") => OpenAndAnswerAsync(context, record, sender, fault, isEmbedding: false, (exchange, request) =>
                InferAsync(record, sender, fault, exchange, request, isChat: true)),
            ("POST", "/v1/completions") => OpenAndAnswerAsync(context, record, sender, fault, isEmbedding: false, (exchange, request) =>
                InferAsync(record, sender, fault, exchange, request, isChat: false)),
            ("POST", "/v1/embeddings") => OpenAndAnswerAsync(context, record, sender, fault, isEmbedding: true, (exchange, request) =>
                EmbedAsync(sender, fault, exchange, request)),
            _ => throw new EnclaveException(501, "unsupported endpoint"),
        };

    private async Task ExchangeAsync(RecordedRequest record, AnswerSender sender, Fault? fault)
    {
        FaultReach.DemandWhole(fault);
        int concurrent = Interlocked.Increment(ref _concurrentKeyExchanges);
        try
        {
            lock (_gate)
            {
                MostConcurrentKeyExchanges = Math.Max(MostConcurrentKeyExchanges, concurrent);
            }

            SecretExchangeReply reply = Mesh.Responder.Answer(record.WireBody);
            if (!secrets.TryAdd(reply.SecretId, reply.Secret))
            {
                throw new EnclaveException(400, "public key is already in use");
            }

            _ = Interlocked.Increment(ref _keyExchanges);
            await sender.SendAsync(200, System.Text.Encoding.UTF8.GetString(reply.Body), "application/json").ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is JsonException or FormatException or System.Security.Cryptography.CryptographicException)
        {
            throw new EnclaveException(400, "malformed key exchange request");
        }
        finally
        {
            _ = Interlocked.Decrement(ref _concurrentKeyExchanges);
        }
    }

    private async Task InferAsync(RecordedRequest record, AnswerSender sender, Fault? fault, EnclaveExchange exchange, ModelRequest request, bool isChat)
    {
        ScriptedAnswer answer = model.Next(record, () => ScriptedAnswer.Text($"You said: {request.LastUserText}"));
        CompletionWriter writer = new(request, answer, isChat, options.TimeProvider.GetUtcNow());
        if (await TrySendFaultyAsync(sender, exchange, fault, writer).ConfigureAwait(false))
        {
            return;
        }

        if (answer.Failure is { } failure)
        {
            FaultReach.DemandError(fault);
            throw new ModelServerException(failure.Status, failure.Message, code: failure.Code);
        }

        if (request.IsStream)
        {
            await sender.SendEventsAsync(StreamFaults.Apply(fault, writer.Events(), exchange, AnswerPlain)).ConfigureAwait(false);
        }
        else
        {
            await SendWholeAsync(sender, exchange, fault, writer.Whole()).ConfigureAwait(false);
        }
    }

    private static async Task EmbedAsync(AnswerSender sender, Fault? fault, EnclaveExchange exchange, ModelRequest request)
    {
        if (!await TrySendFaultyAsync(sender, exchange, fault, null).ConfigureAwait(false))
        {
            await SendWholeAsync(sender, exchange, fault, EmbeddingWriter.Write(request)).ConfigureAwait(false);
        }
    }

    /// <summary>Opens a request and has it answered; what the model server refuses from here on, it refuses sealed.</summary>
    private async Task OpenAndAnswerAsync(
        HttpContext context, RecordedRequest record, AnswerSender sender, Fault? fault, bool isEmbedding, Func<EnclaveExchange, ModelRequest, Task> answer)
    {
        using EnclaveExchange exchange = Open(context, record, fault, isEmbedding ? EmbeddingRequest : GenerationRequest);
        try
        {
            using ModelRequest request = new(record.OpenedBody!);
            RequestChecks.DemandBody(context.Request, request, record.OpenedBody!, usesPromptCache: !isEmbedding, Models);
            await answer(exchange, request).ConfigureAwait(false);
        }
        catch (ModelServerException exception)
        {
            await SendSealedErrorAsync(sender, exchange, fault, exception).ConfigureAwait(false);
        }
    }

    private EnclaveExchange Open(HttpContext context, RecordedRequest record, Fault? fault, PlainNames plain)
    {
        RequestChecks.DemandSealedCall(context.Request);
        if (fault is { Kind: FaultKind.UnknownSecret })
        {
            secrets.ForgetAll();
        }

        string id = context.Request.Headers[ProtocolHeaders.SecretId].ToString();
        byte[] key = secrets.Get(id);
        RequestChecks.DemandGpuPolicy(context.Request, key);
        EnclaveExchange exchange = new(key, id);
        record.OpenedBody = exchange.OpenRequest(record.WireBody.Span, plain);
        return exchange;
    }

    private static async Task<bool> TrySendFaultyAsync(AnswerSender sender, EnclaveExchange exchange, Fault? fault, CompletionWriter? writer)
    {
        switch (fault?.Kind)
        {
            case FaultKind.SealedError:
                await SendSealedErrorAsync(sender, exchange, fault, new ModelServerException(fault.StatusCode, fault.Message)).ConfigureAwait(false);
                return true;
            case FaultKind.UnsealedSuccess:
                await sender.SendAsync(200, writer?.Whole() ?? "{\"object\":\"list\",\"data\":[]}", "application/json",
                    fault.IsMarked).ConfigureAwait(false);
                return true;
            case FaultKind.NewerFormat:
                await sender.SendAsync(200, "\u0001\u0002\u0003", "application/vnd.privatemode.encrypted-body").ConfigureAwait(false);
                return true;
            default:
                return false;
        }
    }

    private static Task SendWholeAsync(AnswerSender sender, EnclaveExchange exchange, Fault? fault, string document)
    {
        FaultReach.DemandWhole(fault);
        string sealedDocument = exchange.Seal(document, AnswerPlain);
        sealedDocument = fault?.Kind switch
        {
            FaultKind.Tamper => StreamFaults.Tamper(sealedDocument),
            FaultKind.Reflect => StreamFaults.Reflect(sealedDocument, exchange),
            FaultKind.UnsealedMember =>
                $"{sealedDocument[..^1]},\"injected\":\"in the clear\"}}",
            _ => sealedDocument,
        };
        return sender.SendAsync(fault is { Kind: FaultKind.Relabel } ? fault.StatusCode : 200, sealedDocument, "application/json");
    }

    private static Task SendSealedErrorAsync(AnswerSender sender, EnclaveExchange exchange, Fault? fault, ModelServerException failure)
    {
        JsonObject error = new()
        {
            ["message"] = failure.Message,
            ["type"] = failure.Type,
            ["param"] = null,
            ["code"] = failure.Code is null ? failure.Status : failure.Code,
        };
        string sealedDocument = exchange.Seal(new JsonObject { ["error"] = error }.ToJsonString(), AnswerPlain);
        sealedDocument = fault?.Kind == FaultKind.Tamper ? StreamFaults.Tamper(sealedDocument) : sealedDocument;
        return sender.SendAsync(failure.Status, sealedDocument, "application/json");
    }

    private static Task SendPlainErrorAsync(
        HttpContext context, AnswerSender sender, int status, string message, string type, string? code, TimeSpan? retryAfter)
    {
        (string body, string contentType) = PlainErrors.Write(message, type, code, context.Request.Headers.Accept);
        return sender.SendAsync(status, body, contentType, isUnsealed: true, retryAfter);
    }

    private string ModelList()
    {
        JsonArray data = [.. Models.All.Select(entry => (JsonNode)new JsonObject
        {
            ["id"] = entry.Key,
            ["object"] = "model",
            ["created"] = 1767225600,
            ["owned_by"] = "privatemode",
            ["tasks"] = new JsonArray([.. entry.Value.Select(task => (JsonNode)task)]),
        })];
        return new JsonObject { ["object"] = "list", ["data"] = data }.ToJsonString();
    }

    private async Task<RecordedRequest> RecordAsync(HttpRequest request)
    {
        using MemoryStream body = new();
        await request.Body.CopyToAsync(body).ConfigureAwait(false);
        Dictionary<string, string> headers = request.Headers.ToDictionary(
            header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        RecordedRequest record = new(request.Method, request.Path + request.QueryString, headers, body.ToArray());
        if (options.Record)
        {
            Requests.Enqueue(record);
        }

        return record;
    }
}
