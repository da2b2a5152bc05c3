using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text.Json;
using OpenAI.Models;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Calls;
using Privatemode.AI.Receipts;

namespace Privatemode.AI.Models;

/// <summary>Requests the list of models and reads it, including tasks, which the OpenAI client's own type does not contain.</summary>
internal static class ModelListReader
{
    // The service lists some twenty. The list is not authenticated: its author must not decide how much time or memory it takes.
    private const int MaxModels = 1000;
    private const int MaxTasks = 32;
    private const int MaxAliases = 16;

    // Names, values and brackets. Each takes memory in addition to the text.
    private const int MaxJsonTokens = 200_000;
    private const int MaxDepth = 64; // the platform's own

    /// <param name="client">The client that sends the request.</param>
    /// <param name="apiKey">The key for the request; null for that of the settings.</param>
    /// <param name="map">Maps exceptions of the OpenAI client; returns others unchanged.</param>
    /// <exception cref="PrivatemodeServiceException">The list could not be retrieved, or the answer is not a list.</exception>
    public static async Task<IReadOnlyList<ModelInfo>> DownloadAsync(OpenAIModelClient client, string? apiKey, Func<Exception, ServiceError?, Exception> map)
    {
        RequestOptions options = new();
        if (apiKey is not null)
        {
            options.AddPolicy(new ApiKeyPolicy(apiKey), PipelinePosition.PerCall);
        }

        ReceiptScope scope = ReceiptScope.Begin();
        try
        {
            ClientResult result = await client.GetModelsAsync(options).ConfigureAwait(false);
            return Read(result.GetRawResponse().Content);
        }
        catch (Exception exception) when (map(exception, scope.Error) is { } mapped && !ReferenceEquals(mapped, exception))
        {
            throw mapped;
        }
    }

    /// <summary>Reads the entries. Entries without a usable ID are left out, and so is the second of two entries with the same ID.</summary>
    /// <exception cref="PrivatemodeServiceException">The text is not a list, or the list has more than 1,000 entries.</exception>
    public static IReadOnlyList<ModelInfo> Read(BinaryData json)
    {
        List<ModelInfo> models = [];
        HashSet<string> ids = new(StringComparer.Ordinal);
        try
        {
            if (!JsonLimits.HasTokensAtMost(MaxJsonTokens, json.ToMemory().Span, MaxDepth))
            {
                throw new JsonException("There are too many names, values and brackets.");
            }

            using JsonDocument document = JsonDocument.Parse(json.ToMemory());
            JsonElement entries = document.RootElement.GetProperty("data");
            RequireLength(entries.GetArrayLength());
            foreach (JsonElement entry in entries.EnumerateArray())
            {
                if (Text(entry, "id") is { } id && MemberNames.IsModel(id) && ids.Add(id))
                {
                    models.Add(new ModelInfo
                    {
                        Id = id,
                        Tasks = Tasks(entry),
                        CreatedAt = Created(entry),
                        OwnedBy = Text(entry, "owned_by") is { } owner && ClearMemberValidator.IsPrintable(owner) ? owner : null,
                    });
                }
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            // Without the original exception: its message may quote the answer.
            throw new PrivatemodeServiceException(
                ServiceFailureReason.Other, "The answer of the service is not a list of models. Check Endpoint, and update this package.");
        }

        return WithAliases(models, ids);
    }

    private static void RequireLength(int entries)
    {
        if (entries > MaxModels)
        {
            throw new PrivatemodeServiceException(
                ServiceFailureReason.Other,
                $"The list of models has more than {MaxModels} entries and was not read. Retry later. If this does not help, update this package.");
        }
    }

    /// <summary>Adds the aliases. A long ID consists of a name, a slash and the short ID. Two long IDs stand for the same model only if the short ID is listed
    /// too.</summary>
    private static IReadOnlyList<ModelInfo> WithAliases(List<ModelInfo> models, HashSet<string> ids)
    {
        ILookup<string, string> byShortId = models.Select(model => model.Id).ToLookup(ShortId, StringComparer.Ordinal);
        return [.. models.Select(model => ShortId(model.Id) is var shortId && ids.Contains(shortId)
            ? model with { Aliases = [.. byShortId[shortId].Where(other => other != model.Id).Take(MaxAliases)] }
            : model)];
    }

    private static string ShortId(string id) => id[(id.LastIndexOf('/') + 1)..];

    private static string[] Tasks(JsonElement entry) =>
        entry.TryGetProperty("tasks", out JsonElement tasks) && tasks.ValueKind == JsonValueKind.Array
            ? [.. tasks.EnumerateArray().Where(task => task.ValueKind == JsonValueKind.String)
                .Select(task => task.GetString()!).Where(ClearMemberValidator.IsPrintable).Take(MaxTasks)]
            : [];

    // Values outside of these are not a time.
    private static DateTimeOffset? Created(JsonElement entry) =>
        entry.TryGetProperty("created", out JsonElement created) && created.ValueKind == JsonValueKind.Number &&
            created.TryGetInt64(out long seconds) && seconds is > 0 and < 253_402_300_800
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : null;

    private static string? Text(JsonElement entry, string name) =>
        entry.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
