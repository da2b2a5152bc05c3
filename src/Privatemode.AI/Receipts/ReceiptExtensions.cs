using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.AI;

namespace Privatemode.AI;

/// <summary>Provides extension methods that read the receipts of responses, including responses that were read from JSON.</summary>
/// <remarks>Check <see cref="EncryptionReceipt.IsVerified"/>: with <see cref="TransportOptions.DangerousUnverifiedLocalProxy"/> there is a receipt too, which
/// says that this client verified nothing.</remarks>
public static class ReceiptExtensions
{
    /// <summary>The option of the request in which <see cref="PrivatemodeHttpMessageHandler"/> stores the receipt.</summary>
    internal static readonly HttpRequestOptionsKey<EncryptionReceipt?> Option = new(EncryptionReceipt.PropertyName);

    /// <summary>Gets the receipt of a chat response.</summary>
    /// <param name="response">The response, complete or combined from updates.</param>
    /// <returns>The receipt, or <see langword="null"/> if the response has no receipt, for example because it is not from Privatemode. If middleware such as
    /// <c>UseFunctionInvocation()</c> sent several requests, this is the receipt of the last answer.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="response"/> is <see langword="null"/>.</exception>
    public static EncryptionReceipt? GetPrivatemodeReceipt(this ChatResponse response)
    {
        ArgumentNullException.ThrowIfNull(response);
        return Read(response.AdditionalProperties) ??

            // If updates were combined, their messages contain it: in a tool loop, each message that of its own request.
            response.Messages.Select(message => Read(message.AdditionalProperties)).LastOrDefault(receipt => receipt is not null);
    }

    /// <summary>Gets the receipt of an update of a streamed chat response.</summary>
    /// <param name="update">The update.</param>
    /// <returns>The receipt, or <see langword="null"/> if the update has no receipt, for example because it is not from Privatemode.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="update"/> is <see langword="null"/>.</exception>
    public static EncryptionReceipt? GetPrivatemodeReceipt(this ChatResponseUpdate update)
    {
        ArgumentNullException.ThrowIfNull(update);
        return Read(update.AdditionalProperties);
    }

    /// <summary>Gets the receipt of a response that <see cref="PrivatemodeHttpMessageHandler"/> returned.</summary>
    /// <param name="response">The response.</param>
    /// <returns>The receipt, or <see langword="null"/> if the response has no receipt, for example because it is the list of models or an error that was not
    /// encrypted.</returns>
    /// <remarks>The receipt is stored with the request. Sending the same request again replaces it.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="response"/> is <see langword="null"/>.</exception>
    public static EncryptionReceipt? GetPrivatemodeReceipt(this HttpResponseMessage response)
    {
        ArgumentNullException.ThrowIfNull(response);
        return response.RequestMessage?.Options.TryGetValue(Option, out EncryptionReceipt? receipt) == true ? receipt : null;
    }

    /// <summary>Gets the first receipt of generated embeddings.</summary>
    /// <param name="embeddings">The embeddings.</param>
    /// <returns>The receipt, or <see langword="null"/> if they have no receipt, for example because they are not from Privatemode.</returns>
    /// <remarks>A call that needed several requests has a receipt for each of them. See <see cref="GetPrivatemodeReceipts"/>.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="embeddings"/> is <see langword="null"/>.</exception>
    public static EncryptionReceipt? GetPrivatemodeReceipt(this GeneratedEmbeddings<Embedding<float>> embeddings)
    {
        ArgumentNullException.ThrowIfNull(embeddings);
        return Read(embeddings.AdditionalProperties) ??

            // Caches store each embedding separately, with its receipt.
            embeddings.Select(embedding => embedding.GetPrivatemodeReceipt()).FirstOrDefault(receipt => receipt is not null);
    }

    /// <summary>Gets the receipts of generated embeddings, one for each request that generated some of them.</summary>
    /// <param name="embeddings">The embeddings.</param>
    /// <returns>The receipts in the order of the embeddings. Empty if the embeddings have no receipts.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="embeddings"/> is <see langword="null"/>.</exception>
    public static IReadOnlyList<EncryptionReceipt> GetPrivatemodeReceipts(this GeneratedEmbeddings<Embedding<float>> embeddings)
    {
        ArgumentNullException.ThrowIfNull(embeddings);
        return [.. embeddings.Select(embedding => Text(embedding.AdditionalProperties)).Distinct().Select(EncryptionReceipt.ParseOrNull)
            .OfType<EncryptionReceipt>()];
    }

    /// <summary>Gets the receipt of the request that generated an embedding.</summary>
    /// <param name="embedding">The embedding.</param>
    /// <returns>The receipt, or <see langword="null"/> if the embedding has no receipt, for example because it is not from Privatemode.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="embedding"/> is <see langword="null"/>.</exception>
    public static EncryptionReceipt? GetPrivatemodeReceipt(this Embedding embedding)
    {
        ArgumentNullException.ThrowIfNull(embedding);
        return Read(embedding.AdditionalProperties);
    }

    /// <summary>Gets the receipt of a transcription.</summary>
    /// <param name="response">The response, complete or combined from updates.</param>
    /// <returns>The receipt, or <see langword="null"/> if the response has no receipt, for example because it is not from Privatemode.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="response"/> is <see langword="null"/>.</exception>
    [Experimental("MEAI001")]
    public static EncryptionReceipt? GetPrivatemodeReceipt(this SpeechToTextResponse response)
    {
        ArgumentNullException.ThrowIfNull(response);
        return Read(response.AdditionalProperties);
    }

    /// <summary>Gets the receipt of an update of a streamed transcription.</summary>
    /// <param name="update">The update.</param>
    /// <returns>The receipt, or <see langword="null"/> if the update has no receipt, for example because it is not from Privatemode.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="update"/> is <see langword="null"/>.</exception>
    [Experimental("MEAI001")]
    public static EncryptionReceipt? GetPrivatemodeReceipt(this SpeechToTextResponseUpdate update)
    {
        ArgumentNullException.ThrowIfNull(update);
        return Read(update.AdditionalProperties);
    }

    private static EncryptionReceipt? Read(AdditionalPropertiesDictionary? properties) => EncryptionReceipt.ParseOrNull(Text(properties));

    // In a response that was read from JSON, the text is a JsonElement.
    private static string? Text(AdditionalPropertiesDictionary? properties) =>
        properties?.TryGetValue(EncryptionReceipt.PropertyName, out object? value) == true ? value?.ToString() : null;
}
