using System.Text.Json;

namespace Privatemode.AI.AspNetCore.Dialects;

/// <summary>Finds the model that a request names, before the request is edited.</summary>
internal static class RequestModel
{
    /// <summary>Returns the model, or null if the request names none. The request is not validated.</summary>
    /// <param name="body">JSON, or a form.</param>
    /// <param name="boundary">The boundary of a form; null for JSON.</param>
    public static string? Peek(ReadOnlyMemory<byte> body, string? boundary)
    {
        if (boundary is not null)
        {
            return FormEdit.ModelOf(body, boundary);
        }

        Utf8JsonReader reader = new(body.Span, new JsonReaderOptions { MaxDepth = RequestJson.MaxDepth });
        try
        {
            _ = reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                bool isModel = reader.ValueTextEquals("model"u8);
                _ = reader.Read();
                if (isModel)
                {
                    return reader.TokenType == JsonTokenType.String && reader.ValueSpan.Length <= 256 ? reader.GetString() : null;
                }

                reader.Skip();
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Editing the body reports the error.
        }

        return null;
    }
}
