using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Privatemode.AI.Internal;
using Privatemode.AI.Testing.Enclave;

namespace Privatemode.AI.Testing.Server;

/// <summary>The checks of a request by the gateway, the inference proxy and the model server, with their errors.</summary>
/// <remarks>Statuses and texts of the inference proxy are those of service version 1.40. The source of the gateway is not public: its answers are those with
/// which its clients are tested or, where nothing is known, a status of 400 that says what the protocol requires.</remarks>
internal static class RequestChecks
{
    private const int MinimumMajor = 1;
    private const int MinimumMinor = 33;
    private const int MaxBodySize = 128 * 1024 * 1024;
    private const int MaxDocumentSize = 50 * 1024 * 1024;
    private const int MaxDimensions = 16 * 1024;
    private const string Json = "application/json";

    /// <summary>Checks the API key and the client version, as the gateway does for every call.</summary>
    public static void RequireClient(HttpRequest request, IEnumerable<string> apiKeys)
    {
        string authorization = request.Headers.Authorization.ToString();
        if (!authorization.StartsWith("Bearer ", StringComparison.Ordinal))
        {
            throw new EnclaveException(401, "no auth found: expected Authorization header with 'Bearer <auth>'");
        }

        if (!apiKeys.Any(key => authorization == $"Bearer {key}"))
        {
            throw new EnclaveException(401, "invalid API key: invalid API key");
        }

        if (!VersionGate.IsAtLeast(First(request, ProtocolHeaders.Version), MinimumMajor, MinimumMinor))
        {
            throw new EnclaveException(400, $"minimum client version is v{MinimumMajor}.{MinimumMinor}");
        }
    }

    /// <summary>Checks the size, the content type and the target model, as the gateway does before it forwards a call.</summary>
    public static void RequireRoute(HttpRequest request, EnclaveEndpoint endpoint, int bodyBytes)
    {
        // The limits leave room for hex; the texts name what fits into them.
        bool isDocument = endpoint == EnclaveEndpoint.Partition;
        if (bodyBytes > (isDocument ? MaxDocumentSize : MaxBodySize))
        {
            throw new EnclaveException(413, isDocument ? "file too large (max 25MB)" : "maximum request size exceeded (max 50MB)");
        }

        if (request.Headers.ContentType.Count > 1)
        {
            throw new EnclaveException(400, "more than one Content-Type");
        }

        if ((First(request, ProtocolHeaders.TargetModel).Length == 0) != isDocument)
        {
            throw new EnclaveException(400, "missing target model, or one where none belongs");
        }
    }

    /// <summary>Verifies the MAC of the GPU policy, if there is a policy, under the secret that the header names, and then checks the state of the GPUs under
    /// this policy.</summary>
    public static void RequireGpus(HttpRequest request, SecretStore secrets, Fault? fault)
    {
        string header = First(request, ProtocolHeaders.GpuPolicy);
        string mac = First(request, ProtocolHeaders.GpuPolicyMac);
        GpuPolicy policy = header.Length + mac.Length == 0
            ? GpuPolicy.GoodOnly
            : GpuPolicy.Verify(header, mac, secrets.Get(First(request, ProtocolHeaders.SecretId), "getting secret for OCSP verification: "));
        if (fault is not { Kind: FaultKind.GpuRevocation })
        {
            return;
        }

        (string status, string text) = fault.RevokedAt is { } at
            ? ("revoked", string.Create(CultureInfo.InvariantCulture, $"REVOKED at {at.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}"))
            : ("unknown", "UNKNOWN");
        if (!policy.Accepts(status, fault.RevokedAt?.ToUnixTimeSeconds() ?? 0))
        {
            string component = fault.Component switch { GpuComponent.Gpu => "GPU", GpuComponent.Driver => "driver", _ => "VBIOS" };
            throw new EnclaveException(500, $"GPU attestation returned a {component} OCSP status that is not accepted by the client: {text}");
        }
    }

    /// <summary>Performs the checks of the inference proxy on a decrypted body.</summary>
    /// <exception cref="EnclaveException">The body is refused with an unencrypted error.</exception>
    public static void RequireAccepted(EnclaveEndpoint endpoint, string opened)
    {
        if (!endpoint.UsesPromptCache)
        {
            return;
        }

        bool isJson = BodyRules.IsJson(opened);
        Func<string, string?> checkMedia = endpoint == EnclaveEndpoint.Messages ? BodyRules.CheckBlocks : BodyRules.CheckMedia;
        string? why = isJson ? BodyRules.CheckCacheSalt(opened) ?? checkMedia(opened)
            : endpoint == EnclaveEndpoint.Messages ? null
            : "request body is not valid json";
        if (why is not null)
        {
            throw new EnclaveException(500, $"{endpoint.Refusing}mutating request: {why}");
        }
    }

    /// <summary>Performs the checks of the model server before it looks for a model.</summary>
    /// <exception cref="ModelServerException">The request is refused with an encrypted error.</exception>
    public static void RequireReadable(HttpRequest request, EnclaveEndpoint endpoint)
    {
        string type = First(request, ProtocolHeaders.ContentType).ToLowerInvariant();
        if (!endpoint.TakesForms && type.Split(';')[0] != Json)
        {
            throw new ModelServerException(400, "Unsupported Media Type: Only 'application/json' is allowed", ModelServerException.NotValid);
        }
    }

    /// <summary>Performs the checks that need the decrypted body.</summary>
    /// <exception cref="EnclaveException">The gateway refuses the request with an unencrypted error.</exception>
    /// <exception cref="ModelServerException">The model server refuses the request with an encrypted error.</exception>
    public static void RequireModel(HttpRequest request, EnclaveEndpoint endpoint, ModelRequest body, OfferedModels models)
    {
        if (body.Model != First(request, ProtocolHeaders.TargetModel))
        {
            throw new EnclaveException(400, "target model does not match the body");
        }

        IReadOnlyList<string> tasks = models.TasksOf(body.Model)
            ?? throw new ModelServerException(404, $"The model `{body.Model}` does not exist.", "NotFoundError") { Param = "model" };
        ModelRules.Require(endpoint, body, tasks);
    }

    /// <summary>Checks the types of the parameters of the scripted model, unless they are checked when they are read.</summary>
    /// <exception cref="ModelServerException">The model server refuses a parameter with an encrypted error.</exception>
    public static void RequireParameters(ModelRequest body, EnclaveEndpoint endpoint)
    {
        string[] texts = endpoint == EnclaveEndpoint.Embeddings ? ["encoding_format"]
            : endpoint == EnclaveEndpoint.Transcriptions ? ["language", "response_format", "stream", "stream_include_usage"]
            : [];
        foreach (string name in texts)
        {
            _ = body.ReadText(name);
        }

        _ = endpoint == EnclaveEndpoint.Embeddings ? body.ReadInteger("dimensions", MaxDimensions) : null;
    }

    /// <summary>Returns the first value of a header, as the service does for a repeated header.</summary>
    private static string First(HttpRequest request, string header) =>
        request.Headers.TryGetValue(header, out StringValues values) && values.Count > 0 ? values[0] ?? "" : "";
}
