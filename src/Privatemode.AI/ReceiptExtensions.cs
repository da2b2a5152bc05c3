using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.AI;

namespace Privatemode.AI;

/// <summary>Reads receipts from answers, also from those that were kept as JSON.</summary>
public static class ReceiptExtensions
{
    /// <summary>Where <see cref="PrivatemodeHttpMessageHandler"/> leaves the receipt, in the options of the request.</summary>
    internal static readonly HttpRequestOptionsKey<EncryptionReceipt?> Option = new(EncryptionReceipt.PropertyName);

    /// <summary>The receipt of an answer; null when it has none, for example because it is not from Privatemode.</summary>
    /// <param name="response">The answer.</param>
    /// <returns>The receipt.</returns>
    public static EncryptionReceipt? GetPrivatemodeReceipt(this ChatResponse response)
    {
        ArgumentNullException.ThrowIfNull(response);
        return Read(response.AdditionalProperties) ??

            // Where updates that were put together have it.
            response.Messages.Select(message => Read(message.AdditionalProperties)).FirstOrDefault(receipt => receipt is not null);
    }

    /// <summary>The receipt of a part of a streamed answer; null when it has none.</summary>
    /// <param name="update">The part.</param>
    /// <returns>The receipt.</returns>
    public static EncryptionReceipt? GetPrivatemodeReceipt(this ChatResponseUpdate update)
    {
        ArgumentNullException.ThrowIfNull(update);
        return Read(update.AdditionalProperties);
    }

    /// <summary>The receipt of an answer that came through <see cref="PrivatemodeHttpMessageHandler"/>; null when it was not sealed.</summary>
    /// <param name="response">The answer.</param>
    /// <returns>The receipt. It is kept with the request, so that sending the same one again replaces it.</returns>
    public static EncryptionReceipt? GetPrivatemodeReceipt(this HttpResponseMessage response)
    {
        ArgumentNullException.ThrowIfNull(response);
        return response.RequestMessage?.Options.TryGetValue(Option, out EncryptionReceipt? receipt) == true ? receipt : null;
    }

    /// <summary>The receipt of embeddings; null when they have none. A call that took several requests has one for each: see
    /// <see cref="GetPrivatemodeReceipts"/>; this is the first.</summary>
    /// <param name="embeddings">The answer.</param>
    /// <returns>The receipt.</returns>
    public static EncryptionReceipt? GetPrivatemodeReceipt(this GeneratedEmbeddings<Embedding<float>> embeddings)
    {
        ArgumentNullException.ThrowIfNull(embeddings);
        return Read(embeddings.AdditionalProperties) ??

            // Where caches, which keep every embedding by itself, have it.
            embeddings.Select(embedding => embedding.GetPrivatemodeReceipt()).FirstOrDefault(receipt => receipt is not null);
    }

    /// <summary>The receipts of embeddings, one for each request the call took, in the order of the texts; empty when there are none.</summary>
    /// <param name="embeddings">The answer.</param>
    /// <returns>The receipts.</returns>
    public static IReadOnlyList<EncryptionReceipt> GetPrivatemodeReceipts(this GeneratedEmbeddings<Embedding<float>> embeddings)
    {
        ArgumentNullException.ThrowIfNull(embeddings);
        return [.. embeddings.Select(embedding => Text(embedding.AdditionalProperties)).Distinct().Select(EncryptionReceipt.Parse)
            .OfType<EncryptionReceipt>()];
    }

    /// <summary>The receipt of the request that made this embedding; null when it has none.</summary>
    /// <param name="embedding">The embedding.</param>
    /// <returns>The receipt.</returns>
    public static EncryptionReceipt? GetPrivatemodeReceipt(this Embedding embedding)
    {
        ArgumentNullException.ThrowIfNull(embedding);
        return Read(embedding.AdditionalProperties);
    }

    /// <summary>The receipt of a transcription; null when it has none.</summary>
    /// <param name="response">The transcription, whole or put together from updates.</param>
    /// <returns>The receipt.</returns>
    [Experimental("MEAI001")]
    public static EncryptionReceipt? GetPrivatemodeReceipt(this SpeechToTextResponse response)
    {
        ArgumentNullException.ThrowIfNull(response);
        return Read(response.AdditionalProperties);
    }

    /// <summary>The receipt of a part of a streamed transcription; null when it has none.</summary>
    /// <param name="update">The part.</param>
    /// <returns>The receipt.</returns>
    [Experimental("MEAI001")]
    public static EncryptionReceipt? GetPrivatemodeReceipt(this SpeechToTextResponseUpdate update)
    {
        ArgumentNullException.ThrowIfNull(update);
        return Read(update.AdditionalProperties);
    }

    private static EncryptionReceipt? Read(AdditionalPropertiesDictionary? properties) => EncryptionReceipt.Parse(Text(properties));

    // After a detour over JSON the text is a JsonElement.
    private static string? Text(AdditionalPropertiesDictionary? properties) =>
        properties?.TryGetValue(EncryptionReceipt.PropertyName, out object? value) == true ? value?.ToString() : null;
}
