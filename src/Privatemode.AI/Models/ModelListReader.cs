using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text.Json;
using OpenAI.Models;
using Privatemode.AI.Pipeline;

namespace Privatemode.AI.Models;

/// <summary>Asks for the list of models and reads it, tasks included, which the OpenAI client's own type has no place for.</summary>
internal static class ModelListReader
{
    /// <exception cref="PrivatemodeServiceException">The list could not be had, or is none.</exception>
    public static async Task<IReadOnlyList<PrivatemodeModel>> DownloadAsync(OpenAIModelClient client)
    {
        try
        {
            ClientResult result = await client.GetModelsAsync(new RequestOptions()).ConfigureAwait(false);
            return Read(result.GetRawResponse().Content);
        }
        catch (Exception exception) when (ServiceErrors.Map(exception) is { } mapped && !ReferenceEquals(mapped, exception))
        {
            throw mapped;
        }
    }

    /// <summary>Reads what can be read: entries without a usable id are left out, and of two with the same id the second.</summary>
    /// <exception cref="PrivatemodeServiceException">It is no list.</exception>
    public static IReadOnlyList<PrivatemodeModel> Read(BinaryData json)
    {
        List<PrivatemodeModel> models = [];
        try
        {
            using JsonDocument document = JsonDocument.Parse(json.ToMemory());
            foreach (JsonElement entry in document.RootElement.GetProperty("data").EnumerateArray())
            {
                if (Text(entry, "id") is { } id && ClearFields.IsModelId(id) && !models.Exists(model => model.Id == id))
                {
                    models.Add(new PrivatemodeModel { Id = id, Tasks = Tasks(entry), Created = Created(entry), OwnedBy = Text(entry, "owned_by") });
                }
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            // Without the exception itself: what it says may quote what was read.
            throw new PrivatemodeServiceException(
                PrivatemodeServiceFailure.Other, "What the service answered is no list of models. Check Endpoint, and update this package.");
        }

        return [.. models.Select(model => model with { Aliases = Aliases(model.Id, models) })];
    }

    /// <summary>A long id is a name before a slash and the short one. Two long ones are the same model only if the short one is listed too.</summary>
    private static string[] Aliases(string id, List<PrivatemodeModel> models)
    {
        string shortId = id[(id.LastIndexOf('/') + 1)..];
        return models.Exists(model => model.Id == shortId)
            ? [.. models.Select(model => model.Id).Where(other => other != id && (other == shortId || other.EndsWith("/" + shortId, StringComparison.Ordinal)))]
            : [];
    }

    private static string[] Tasks(JsonElement entry) =>
        entry.TryGetProperty("tasks", out JsonElement tasks) && tasks.ValueKind == JsonValueKind.Array
            ? [.. tasks.EnumerateArray().Where(task => task.ValueKind == JsonValueKind.String).Select(task => task.GetString()!)]
            : [];

    // Beyond these a number is no time.
    private static DateTimeOffset? Created(JsonElement entry) =>
        entry.TryGetProperty("created", out JsonElement created) && created.ValueKind == JsonValueKind.Number &&
            created.TryGetInt64(out long seconds) && seconds is > 0 and < 253_402_300_800
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : null;

    private static string? Text(JsonElement entry, string name) =>
        entry.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
