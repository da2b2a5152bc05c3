using System.Text.Json;
using Microsoft.Extensions.AI;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Completions;

/// <summary>Reads decrypted answers and events.</summary>
internal static class CompletionReader
{
    /// <param name="json">An answer or an event.</param>
    /// <param name="receipt">The receipt of the call.</param>
    /// <param name="partReturned">Whether a part of the answer was returned to the caller, which exceptions mention.</param>
    /// <exception cref="JsonException">The text is not JSON.</exception>
    /// <exception cref="InvalidOperationException">A member has the wrong type.</exception>
    /// <exception cref="PrivatemodeServiceException">The model server ended the answer early.</exception>
    public static TextCompletion Read(ReadOnlyMemory<byte> json, EncryptionReceipt? receipt, bool partReturned = false)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        JsonElement root = document.RootElement;
        List<TextCompletionChoice> choices = [];
        if (Find(root, "choices") is { } all)
        {
            int i = 0;
            foreach (JsonElement choice in all.EnumerateArray())
            {
                choices.Add(ReadChoice(choice, i++, receipt, partReturned));
            }
        }

        return new TextCompletion
        {
            Choices = choices,
            Id = Find(root, "id")?.GetString(),
            ModelId = Find(root, "model")?.GetString(),
            CreatedAt = Find(root, "created") is { } created && created.TryGetInt64(out long seconds) && seconds is > 0 and < 253_402_300_800
                ? DateTimeOffset.FromUnixTimeSeconds(seconds)
                : null,
            Usage = Find(root, "usage") is { ValueKind: JsonValueKind.Object } usage ? UsageReader.ToDetails(usage) : null,
            Receipt = receipt,
        };
    }

    private static TextCompletionChoice ReadChoice(JsonElement choice, int position, EncryptionReceipt? receipt, bool partReturned)
    {
        string? finish = Text(choice, "finish_reason");
        if (finish is "abort" or "error")
        {
            // Not a finish reason, but a failure. The pipeline reports it to the chat adapter, because it inspects chats anyway.
            throw PrivatemodeServiceException.BrokenOff(finish, receipt?.RequestId, partReturned);
        }

        int index = Find(choice, "index")?.GetInt32() ?? position;
        JsonElement raw = choice.Clone();
        return new TextCompletionChoice
        {
            Index = index,
            Text = Find(raw, "text")?.GetString() ?? "",
            FinishReason = string.IsNullOrWhiteSpace(finish) ? null : new ChatFinishReason(finish),
            LogProbabilities = Find(raw, "logprobs"),
            RawRepresentation = raw,
        };
    }

    private static string? Text(JsonElement parent, string name) =>
        Find(parent, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    /// <summary>Returns a member that exists and is not null; otherwise null.</summary>
    private static JsonElement? Find(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
