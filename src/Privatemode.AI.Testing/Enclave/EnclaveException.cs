namespace Privatemode.AI.Testing.Enclave;

/// <summary>The exception for a request that the gateway or the inference proxy refuses, with the status and text of their unencrypted answer.</summary>
internal sealed class EnclaveException(int status, string message, string type = "", string? code = null) : Exception(message)
{
    public int Status { get; } = status;

    public string Type { get; } = type;

    public string? Code { get; } = code;

    /// <summary>The value of <c>Retry-After</c>; null for no header.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
