using System.Text.Json.Nodes;

namespace Privatemode.AI.Testing.Enclave;

/// <summary>Writes the model list and the description of one model, which are not encrypted.</summary>
internal static class ModelWriter
{
    private const string OnePath = "/v1/models/";

    /// <summary>Returns the model ID in the path of a single model, or null for any other path. The route accepts one path segment, so a slash in an ID must be
    /// escaped.</summary>
    public static string? IdOf(string path) =>
        path.Length > OnePath.Length && path.StartsWith(OnePath, StringComparison.Ordinal) && !path[OnePath.Length..].Contains('/', StringComparison.Ordinal)
            ? path[OnePath.Length..].Replace("%2F", "/", StringComparison.OrdinalIgnoreCase)
            : null;

    /// <summary>Returns the list of all models as JSON.</summary>
    public static string List(OfferedModels models) => new JsonObject
    {
        ["object"] = "list",
        ["data"] = new JsonArray([.. models.All.Select(model => (JsonNode)Describe(model.Key, model.Value))]),
    }.ToJsonString();

    /// <summary>Returns the description of one model as JSON.</summary>
    /// <exception cref="EnclaveException">There is no model with this ID. How the service answers then is not public: the model servers of version 1.40 have no
    /// such route. The message is that of other endpoints for an unknown model.</exception>
    public static string One(OfferedModels models, string id) => models.All.Where(model => model.Key == id).Select(model => Describe(id, model.Value))
        .FirstOrDefault()?.ToJsonString() ?? throw new EnclaveException(404, $"The model `{id}` does not exist.", "NotFoundError");

    private static JsonObject Describe(string id, IReadOnlyList<string> tasks) => new()
    {
        ["id"] = id,
        ["object"] = "model",
        ["created"] = 1767225600,
        ["owned_by"] = "privatemode",
        ["tasks"] = new JsonArray([.. tasks.Select(task => (JsonNode)task)]),
    };
}
