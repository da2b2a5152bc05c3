using System.Text.Json;
using Privatemode.AI.AspNetCore.Errors;
using Privatemode.AI.AspNetCore.Internal;

namespace Privatemode.AI.AspNetCore.Dialects;

/// <summary>Edits the bodies of chats, completions and embeddings.</summary>
internal static class ChatEdit
{
    /// <exception cref="ProxyRefusalException">The body is not JSON, or has a member that cannot be served.</exception>
    public static EditResult Edit(ReadOnlyMemory<byte> body, EditContext context, PooledBuffer target)
    {
        _ = (context, target);
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            string? model = document.RootElement.TryGetProperty("model", out JsonElement value) ? value.GetString() : null;
            return new EditResult
            {
                IsChanged = false,
                ModelAsked = model,
                Model = model,
                IsStream = document.RootElement.TryGetProperty("stream", out JsonElement stream) && stream.ValueKind == JsonValueKind.True,
            };
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new ProxyRefusalException(ProxyError.BadRequest(null, "The body is not a JSON object."));
        }
    }
}
