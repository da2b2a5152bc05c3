using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Privatemode.AI.Testing.Enclave;
using Privatemode.AI.Testing.SecretService;

namespace Privatemode.AI.Testing.Server;

/// <summary>The deployment behind HTTP: key exchange, encrypted inference, list of models.</summary>
internal sealed class TestServer(
    PrivatemodeTestDeploymentOptions options, SecretStore secrets, ScriptedModel model, FaultInjector faults, StandInServer standIns)
{
    private readonly Lock _gate = new();
    private int _keyExchanges;
    private int _concurrentKeyExchanges;

    /// <summary>The current mesh. It is replaced when the CA is rotated.</summary>
    public required MeshIdentity Mesh { get; set; }

    /// <summary>The models that are currently offered.</summary>
    public OfferedModels Models { get; } = new(options.Models);

    public ConcurrentQueue<RecordedRequest> Requests { get; } = [];

    /// <summary>The number of key exchanges.</summary>
    public int KeyExchanges => Volatile.Read(ref _keyExchanges);

    /// <summary>The maximum number of key exchanges that were in progress at the same time.</summary>
    public int PeakConcurrentKeyExchanges { get; private set; }

    public async Task HandleAsync(HttpContext context)
    {
        RecordedRequest record = await RecordAsync(context.Request).ConfigureAwait(false);
        Fault? fault = context.Request.Path.Value switch
        {
            "/privatemode/v1/secret" => faults.TakeKeyExchange(),
            "/v1/models" => faults.TakeModelList(),
            { } path when ModelWriter.IdOf(path) is not null => faults.TakeModelList(),
            _ => record.IsInference ? faults.TakeInference() : null,
        };
        AnswerSender sender = new(context, record, fault, options);
        try
        {
            if (options.BeforePart is { } beforePart)
            {
                await beforePart(context.Request.Path, 0, context.RequestAborted).ConfigureAwait(false);
            }

            if (StandInServer.Find(context.Request) is { } source and not EvidenceSource.Attestation)
            {
                await standIns.HandleAsync(context, record, source).ConfigureAwait(false);
                return;
            }

            RequestChecks.RequireClient(context.Request, [options.ApiKey, .. options.AdditionalApiKeys]);
            if (fault is { Kind: FaultKind.UnencryptedError })
            {
                await SendPlainErrorAsync(context, sender, fault.StatusCode, fault.Message, "", null, fault.RetryAfter).ConfigureAwait(false);
                return;
            }

            await RouteAsync(context, record, sender, fault).ConfigureAwait(false);
        }
        catch (TestMistakeException exception)
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
            ("GET", "/v1/models") => SendModelsAsync(sender, fault, ModelWriter.List(Models)),
            ("GET", string path) when ModelWriter.IdOf(path) is { } id => SendModelsAsync(sender, fault, ModelWriter.One(Models, id)),
            (string method, string path) when EnclaveEndpoint.Find(method, path) is { } endpoint =>
                OpenAndAnswerAsync(context, record, sender, fault, endpoint),
            _ => SendUnsupportedAsync(context, sender),
        };

    private static Task SendModelsAsync(AnswerSender sender, Fault? fault, string document)
    {
        FaultReach.RequireWhole(fault);
        return sender.SendAsync(200, document, "application/json", isUnencrypted: true);
    }

    private async Task ExchangeAsync(RecordedRequest record, AnswerSender sender, Fault? fault)
    {
        FaultReach.RequireWhole(fault);
        int concurrent = Interlocked.Increment(ref _concurrentKeyExchanges);
        try
        {
            lock (_gate)
            {
                PeakConcurrentKeyExchanges = Math.Max(PeakConcurrentKeyExchanges, concurrent);
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

    /// <summary>Decrypts a request and answers it. From here on, errors of the model server are encrypted.</summary>
    private async Task OpenAndAnswerAsync(HttpContext context, RecordedRequest record, AnswerSender sender, Fault? fault, EnclaveEndpoint endpoint)
    {
        RequestChecks.RequireRoute(context.Request, endpoint, record.WireBody.Length);
        if (fault is { Kind: FaultKind.UnknownSecret })
        {
            secrets.ForgetAll();
        }

        FaultReach.RequireGpus(fault, endpoint);
        if (endpoint.UsesGpus)
        {
            RequestChecks.RequireGpus(context.Request, secrets, fault);
        }

        using EnclaveExchange exchange = new(secrets, endpoint);
        try
        {
            string opened = OpenBody(exchange, record, context.Request.ContentType);
            RequestChecks.RequireAccepted(endpoint, opened);
            RequestChecks.RequireReadable(context.Request, endpoint);
            using ModelRequest request = new(endpoint == EnclaveEndpoint.Partition ? "{}" : opened);
            if (endpoint != EnclaveEndpoint.Partition)
            {
                RequestChecks.RequireModel(context.Request, endpoint, request, Models);
                if (options.RefusesSystemMessages && endpoint == EnclaveEndpoint.Messages)
                {
                    ModelRules.RequireNoSystemMessages(request);
                }

                RequestChecks.RequireParameters(request, endpoint);
            }

            await AnswerAsync(record, sender, fault, exchange, request).ConfigureAwait(false);
        }
        catch (ModelServerException exception)
        {
            await SendSealedErrorAsync(sender, exchange, fault, exception).ConfigureAwait(false);
        }
    }

    private async Task AnswerAsync(RecordedRequest record, AnswerSender sender, Fault? fault, EnclaveExchange exchange, ModelRequest request)
    {
        ModelAnswer answer = ModelAnswer.Make(exchange.Endpoint, record, request, model, options.TimeProvider.GetUtcNow());
        ScriptedTools.RequireOffered(answer.CalledTools, request);
        if (await TrySendFaultyAsync(sender, exchange, fault, answer).ConfigureAwait(false))
        {
            return;
        }

        if (answer.Failure is { } failure)
        {
            FaultReach.RequireError(fault);
            throw new ModelServerException(failure.Status, failure.Message, code: failure.Code);
        }

        if (request.IsStream && answer.Events is not null)
        {
            await sender.SendEventsAsync(
                StreamFaults.Apply(fault, answer.Events(), exchange),
                exchange.Endpoint == EnclaveEndpoint.Messages ? MessageWriter.NameOf : null).ConfigureAwait(false);
        }
        else
        {
            await SendWholeAsync(sender, exchange, fault, answer.Whole()).ConfigureAwait(false);
        }
    }

    private static string OpenBody(EnclaveExchange exchange, RecordedRequest record, string? contentType)
    {
        if (!exchange.Endpoint.TakesForms)
        {
            string opened = exchange.OpenRequest(record.WireBody.Span);
            record.DecryptedBody = opened.Length > 0 ? opened : null;
            return opened;
        }

        DecryptedForm form = exchange.Endpoint == EnclaveEndpoint.Partition
            ? OpenDocument(exchange, record, contentType)
            : OpenRecording(exchange, record, contentType);
        record.DecryptedFields = form.ToFields();
        record.FileName = form.Parts.FirstOrDefault(part => part.FileName is not null)?.FileName;
        return record.DecryptedBody!;
    }

    /// <summary>Decrypts a form that is one encrypted value. It reaches the model server as the client wrote it.</summary>
    private static DecryptedForm OpenDocument(EnclaveExchange exchange, RecordedRequest record, string? contentType)
    {
        byte[] inner = exchange.Open(record.WireBody.Span, "mutating request: ");
        record.DecryptedBody = System.Text.Encoding.UTF8.GetString(inner);
        try
        {
            return DecryptedForm.Read(inner, contentType);
        }
        catch (InvalidDataException)
        {
            throw new ModelServerException(400, "There was an error parsing the body") { IsDetail = true };
        }
    }

    /// <summary>Decrypts a form whose parts are encrypted. The inference proxy writes a new form.</summary>
    private static DecryptedForm OpenRecording(EnclaveExchange exchange, RecordedRequest record, string? contentType)
    {
        DecryptedForm form;
        try
        {
            form = DecryptedForm.Read(record.WireBody, contentType);
        }
        catch (InvalidDataException exception)
        {
            throw new EnclaveException(500, exchange.Endpoint.Refusing + exception.Message);
        }

        form.Open(name => exchange.Endpoint.Request.Contains(System.Text.Encoding.UTF8.GetBytes(name)), (value, where) => exchange.Open(value, where));
        record.DecryptedBody = form.ToJson();
        return form.Parts.Any(part => part is { Name: "file", FileName: not null })
            ? form
            : throw new ModelServerException(400, "Field required: file", ModelServerException.NotValid);
    }

    private static async Task<bool> TrySendFaultyAsync(AnswerSender sender, EnclaveExchange exchange, Fault? fault, ModelAnswer answer)
    {
        switch (fault?.Kind)
        {
            case FaultKind.EncryptedError:
                await SendSealedErrorAsync(sender, exchange, fault, new ModelServerException(fault.StatusCode, fault.Message)).ConfigureAwait(false);
                return true;
            case FaultKind.UnencryptedSuccess:
                await sender.SendAsync(200, answer.Failure is null ? answer.Whole() : "{}", "application/json", fault.HasHeader).ConfigureAwait(false);
                return true;
            case FaultKind.NewerResponseFormat:
                await sender.SendAsync(200, "\u0001\u0002\u0003", "application/vnd.privatemode.encrypted-body").ConfigureAwait(false);
                return true;
            default:
                return false;
        }
    }

    private static Task SendWholeAsync(AnswerSender sender, EnclaveExchange exchange, Fault? fault, string document)
    {
        FaultReach.RequireWhole(fault);
        string encryptedDocument = exchange.Seal(document);
        encryptedDocument = fault?.Kind switch
        {
            FaultKind.TamperEvent => StreamFaults.Tamper(encryptedDocument),
            FaultKind.ReflectRequest => StreamFaults.Reflect(encryptedDocument, exchange),
            FaultKind.UnencryptedEvent =>
                encryptedDocument[^1] == ']' ? $"{encryptedDocument[..^1]},\"in the clear\"]" : $"{encryptedDocument[..^1]},\"injected\":\"in the clear\"}}",
            _ => encryptedDocument,
        };
        return sender.SendAsync(fault is { Kind: FaultKind.ChangeStatus } ? fault.StatusCode : 200, encryptedDocument, "application/json");
    }

    private static Task SendSealedErrorAsync(AnswerSender sender, EnclaveExchange exchange, Fault? fault, ModelServerException failure)
    {
        string encryptedDocument = exchange.Seal(failure.ToJson(exchange.Endpoint));
        encryptedDocument = fault?.Kind == FaultKind.TamperEvent ? StreamFaults.Tamper(encryptedDocument) : encryptedDocument;
        return sender.SendAsync(failure.Status, encryptedDocument, "application/json");
    }

    /// <summary>Sends the only error of the service that is not JSON and has no header that says that it is not encrypted.</summary>
    private static Task SendUnsupportedAsync(HttpContext context, AnswerSender sender)
    {
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return sender.SendAsync(StatusCodes.Status501NotImplemented, "unsupported endpoint\n", "text/plain; charset=utf-8");
    }

    private static Task SendPlainErrorAsync(
        HttpContext context, AnswerSender sender, int status, string message, string type, string? code, TimeSpan? retryAfter)
    {
        (string body, string contentType) = PlainErrors.Write(message, type, code, context.Request.Headers.Accept);
        return sender.SendAsync(status, body, contentType, isUnencrypted: true, retryAfter);
    }

    private async Task<RecordedRequest> RecordAsync(HttpRequest request)
    {
        using MemoryStream body = new();
        await request.Body.CopyToAsync(body).ConfigureAwait(false);
        Dictionary<string, string> headers = request.Headers.ToDictionary(
            header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        RecordedRequest record = new(request.Method, request.Path + request.QueryString, headers, body.ToArray());
        if (options.RecordRequests)
        {
            Requests.Enqueue(record);
        }

        return record;
    }
}
