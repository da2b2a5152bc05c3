namespace Privatemode.AI.Testing.Enclave;

/// <summary>A request the model server refuses. It saw the opened body, and its errors are sealed as its answers are.</summary>
internal sealed class ModelServerException(int status, string message, string type = "BadRequestError", string? code = null) : Exception(message)
{
    public int Status { get; } = status;

    public string Type { get; } = type;

    public string? Code { get; } = code;
}
