namespace Privatemode.AI.Testing.Enclave;

/// <summary>A request the service refuses, with the status and text it would answer with, in the clear.</summary>
internal sealed class EnclaveException(int status, string message, string type = "", string? code = null) : Exception(message)
{
    public int Status { get; } = status;

    public string Type { get; } = type;

    public string? Code { get; } = code;
}
