using System.Text.Json.Nodes;

namespace Privatemode.AI.Testing.Enclave;

/// <summary>A request the model server refuses. It saw the decrypted body, and its errors are encrypted as its answers are.</summary>
internal sealed class ModelServerException(int status, string message, string type = "BadRequestError", string? code = null) : Exception(message)
{
    /// <summary>How the model server calls a request that does not fit its schema.</summary>
    public const string NotValid = "Bad Request";

    public int Status { get; } = status;

    /// <summary>The error has the short form, <c>{"detail":…}</c>, that a server answers with before it looks for a model.</summary>
    public bool IsDetail { get; init; }

    /// <summary>Which member of the request it is about; null when it is about none.</summary>
    public string? Param { get; init; }

    /// <summary>The answer before it is encrypted. Anthropic-style messages have errors of their own form, save those of the schema.</summary>
    public string ToJson(EnclaveEndpoint endpoint) => IsDetail ? new JsonObject { ["detail"] = Message }.ToJsonString()
        : endpoint == EnclaveEndpoint.Messages && type != NotValid ? MessageWriter.Error(type, Message)
        : new JsonObject
        {
            ["error"] = new JsonObject
            {
                ["message"] = Message,
                ["type"] = type,
                ["param"] = Param,
                ["code"] = code is null ? Status : code,
            },
        }.ToJsonString();
}
