using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Privatemode.AI.Testing.Enclave;
using Privatemode.AI.Testing.Evidence;
using Privatemode.AI.Testing.Evidence.Collateral;

namespace Privatemode.AI.Testing.Server;

/// <summary>Serves evidence over HTTP for the gateway, the publisher, and AMD's and Intel's services.</summary>
internal sealed class StandInServer(
    DeploymentEvidence evidence, FaultInjector faults, RequestCounter requests, PrivatemodeTestDeploymentOptions options)
{
    private const int NonceSize = 32;

    /// <summary>Returns the evidence source to which a request belongs, or null.</summary>
    public static EvidenceSource? Find(HttpRequest request) => StandIns.Find(request.Method, request.Path.Value ?? "");

    /// <summary>Answers a request to the publisher or to AMD's or Intel's service.</summary>
    public async Task HandleAsync(HttpContext context, RecordedRequest record, EvidenceSource source)
    {
        requests.Add(source);
        Fault? fault = faults.Take(source);
        StandInSender sender = new(context, record, fault, options);
        if (CarriesCredentials(context.Request))
        {
            await sender.SendAsync(Plain(400, "credentials and protocol headers do not belong here")).ConfigureAwait(false);
        }
        else if (fault is { Kind: FaultKind.UnencryptedError })
        {
            await sender.SendAsync(Plain(fault.StatusCode, fault.Message)).ConfigureAwait(false);
        }
        else
        {
            await sender.SendAsync(Answer(context.Request, source, fault)).ConfigureAwait(false);
        }
    }

    /// <summary>Answers a request to the coordinator behind the gateway.</summary>
    public async Task AttestAsync(HttpContext context, RecordedRequest record, string meshCa)
    {
        requests.Add(EvidenceSource.Attestation);
        Fault? fault = faults.Take(EvidenceSource.Attestation);
        if (fault is { Kind: FaultKind.UnencryptedError })
        {
            throw new EnclaveException(fault.StatusCode, fault.Message) { RetryAfter = fault.RetryAfter };
        }

        byte[] nonce = ReadNonce(record.WireBody);
        string document = evidence.Current().Attest(nonce, meshCa);
        string body = $"{{\"AttestationDoc\":\"{Convert.ToBase64String(Encoding.UTF8.GetBytes(document))}\"}}";
        await new StandInSender(context, record, fault, options).SendAsync(new StandInAnswer(200, "application/json", Encoding.ASCII.GetBytes(body)))
            .ConfigureAwait(false);
    }

    private StandInAnswer Answer(HttpRequest request, EvidenceSource source, Fault? fault)
    {
        IssuedEvidence current = evidence.Current();
        if (fault is { Kind: FaultKind.OutdatedManifest } && source == EvidenceSource.Manifest)
        {
            return new StandInAnswer(200, "application/json", current.PreviousManifest);
        }

        Dictionary<string, string> query = request.Query.ToDictionary(pair => pair.Key, pair => pair.Value.ToString(), StringComparer.Ordinal);
        return StandIns.Answer(source, current, request.Path.Value!, query);
    }

    private static bool CarriesCredentials(HttpRequest request) =>
        request.Headers.Authorization.Count > 0
        || request.Headers.Cookie.Count > 0
        || request.Headers.Any(header => header.Key.StartsWith("Privatemode-", StringComparison.OrdinalIgnoreCase));

    private static byte[] ReadNonce(ReadOnlyMemory<byte> body)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            if (document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("Nonce", out JsonElement member)
                && member.ValueKind == JsonValueKind.String
                && member.TryGetBytesFromBase64(out byte[]? nonce)
                && nonce.Length == NonceSize)
            {
                return nonce;
            }
        }
        catch (JsonException)
        {
            // Refused below.
        }

        throw new EnclaveException(400, string.Create(CultureInfo.InvariantCulture, $"a nonce of {NonceSize} bytes is expected"));
    }

    private static StandInAnswer Plain(int status, string message) => new(status, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(message));
}
