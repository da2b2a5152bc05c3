namespace Privatemode.AI.Testing.Enclave;

/// <summary>A request the gateway or the inference proxy refuses, with the status and text they would answer with, in the clear.</summary>
internal sealed class EnclaveException(int status, string message, string type = "", string? code = null) : Exception(message)
{
    public int Status { get; } = status;

    public string Type { get; } = type;

    public string? Code { get; } = code;

    /// <summary>Value of <c>Retry-After</c>; null for none.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
