using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.AI;

namespace Privatemode.AI;

/// <summary>Reads receipts from answers, also from those that were kept as JSON.</summary>
public static class PrivatemodeReceiptExtensions
{
    /// <summary>The receipt of an answer; null when it has none, for example because it is not from Privatemode.</summary>
    /// <param name="response">The answer.</param>
    /// <returns>The receipt.</returns>
    public static PrivatemodeReceipt? GetPrivatemodeReceipt(this ChatResponse response)
    {
        ArgumentNullException.ThrowIfNull(response);
        return Read(response.AdditionalProperties) ??

            // Where updates that were put together have it.
            response.Messages.Select(message => Read(message.AdditionalProperties)).FirstOrDefault(receipt => receipt is not null);
    }

    /// <summary>The receipt of a part of a streamed answer; null when it has none.</summary>
    /// <param name="update">The part.</param>
    /// <returns>The receipt.</returns>
    public static PrivatemodeReceipt? GetPrivatemodeReceipt(this ChatResponseUpdate update)
    {
        ArgumentNullException.ThrowIfNull(update);
        return Read(update.AdditionalProperties);
    }

    /// <summary>The receipt of a transcription; null when it has none.</summary>
    /// <param name="response">The transcription, whole or put together from updates.</param>
    /// <returns>The receipt.</returns>
    [Experimental("MEAI001")]
    public static PrivatemodeReceipt? GetPrivatemodeReceipt(this SpeechToTextResponse response)
    {
        ArgumentNullException.ThrowIfNull(response);
        return Read(response.AdditionalProperties);
    }

    /// <summary>The receipt of a part of a streamed transcription; null when it has none.</summary>
    /// <param name="update">The part.</param>
    /// <returns>The receipt.</returns>
    [Experimental("MEAI001")]
    public static PrivatemodeReceipt? GetPrivatemodeReceipt(this SpeechToTextResponseUpdate update)
    {
        ArgumentNullException.ThrowIfNull(update);
        return Read(update.AdditionalProperties);
    }

    // After a detour over JSON the text is a JsonElement.
    private static PrivatemodeReceipt? Read(AdditionalPropertiesDictionary? properties) =>
        properties?.TryGetValue(PrivatemodeReceipt.PropertyName, out object? value) == true ? PrivatemodeReceipt.Parse(value?.ToString()) : null;
}
