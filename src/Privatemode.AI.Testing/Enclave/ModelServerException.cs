using System.Text.Json.Nodes;

namespace Privatemode.AI.Testing.Enclave;

/// <summary>The exception for a request that the model server refuses. Its errors are encrypted, like its answers.</summary>
internal sealed class ModelServerException(int status, string message, string type = "BadRequestError", string? code = null) : Exception(message)
{
    /// <summary>The error type of the model server for a request that does not conform to its schema.</summary>
    public const string NotValid = "Bad Request";

    public int Status { get; } = status;

    /// <summary>Whether the error has the short form <c>{"detail":…}</c>, which a server uses before it looks for a model.</summary>
    public bool IsDetail { get; init; }

    /// <summary>The member of the request that caused the error, or null.</summary>
    public string? Param { get; init; }

    /// <summary>Returns the answer before it is encrypted. For messages in Anthropic's format, errors have Anthropic's form, except errors about the
    /// schema.</summary>
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
