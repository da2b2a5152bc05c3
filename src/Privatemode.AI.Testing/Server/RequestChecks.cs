using Microsoft.AspNetCore.Http;
using Privatemode.AI.Testing.Enclave;

namespace Privatemode.AI.Testing.Server;

/// <summary>What the service checks in the headers of a request, and how it refuses.</summary>
internal static class RequestChecks
{
    private const int MinimumMajor = 1;
    private const int MinimumMinor = 33;

    /// <summary>API key and client version, on every call.</summary>
    public static void DemandClient(HttpRequest request, IEnumerable<string> apiKeys)
    {
        if (!apiKeys.Any(key => request.Headers.Authorization == $"Bearer {key}"))
        {
            throw new EnclaveException(401, "invalid API key", "invalid_request_error", "invalid_api_key");
        }

        if (!VersionGate.IsAtLeast(request.Headers[ProtocolHeaders.Version].ToString(), MinimumMajor, MinimumMinor))
        {
            throw new EnclaveException(400, $"minimum client version is v{MinimumMajor}.{MinimumMinor}");
        }
    }

    /// <summary>Headers of a sealed call that need no secret.</summary>
    public static void DemandSealedCall(HttpRequest request, EnclaveEndpoint endpoint)
    {
        string type = endpoint.TakesForms ? "multipart/form-data" : "application/json";
        if (request.Headers.ContentType.Count != 1 || request.ContentType?.StartsWith(type, StringComparison.Ordinal) != true)
        {
            throw new EnclaveException(400, $"exactly one Content-Type, {type}, is expected");
        }

        if ((request.Headers[ProtocolHeaders.TargetModel].ToString().Length == 0) != (endpoint == EnclaveEndpoint.Partition))
        {
            throw new EnclaveException(400, "missing target model, or one where none belongs");
        }

        string id = request.Headers[ProtocolHeaders.UserRequestId].ToString();
        if (id.Length == 0 || RequestIdSanitizer.Sanitize(id) != id)
        {
            throw new EnclaveException(400, "malformed request id");
        }
    }

    /// <summary>The GPU policy: both headers or none, and the MAC under the secret.</summary>
    public static void DemandGpuPolicy(HttpRequest request, byte[] key)
    {
        string policy = request.Headers[ProtocolHeaders.GpuPolicy].ToString();
        string mac = request.Headers[ProtocolHeaders.GpuPolicyMac].ToString();
        if (policy.Length + mac.Length > 0 && GpuPolicy.Verify(policy, mac, key) is null)
        {
            throw new EnclaveException(400, "verifying OCSP policy: MAC mismatch");
        }
    }

    /// <summary>What only shows in the opened body.</summary>
    /// <exception cref="EnclaveException">The inference proxy refuses it, in the clear.</exception>
    /// <exception cref="ModelServerException">The model server refuses it, sealed.</exception>
    public static void DemandBody(HttpRequest request, ModelRequest body, string opened, bool usesPromptCache, OfferedModels models)
    {
        if (body.Model != request.Headers[ProtocolHeaders.TargetModel].ToString())
        {
            throw new EnclaveException(400, "target model does not match the body");
        }

        if (usesPromptCache && BodyRules.CheckCacheSalt(opened) is { } salt)
        {
            throw new EnclaveException(400, salt);
        }

        if (BodyRules.CheckMedia(opened) is { } media)
        {
            throw new EnclaveException(500, media);
        }

        if (!models.Contains(body.Model))
        {
            throw new ModelServerException(404, $"The model `{body.Model}` does not exist.", "NotFoundError", "model_not_found");
        }
    }
}
