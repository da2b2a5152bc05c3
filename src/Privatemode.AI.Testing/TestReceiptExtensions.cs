using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.AI;

namespace Privatemode.AI.Testing;

/// <summary>Provides extension methods that attach receipts to the responses of fake clients.</summary>
/// <remarks>The application reads these receipts with <see cref="ReceiptExtensions"/>, as for responses of the real client.</remarks>
public static class TestReceiptExtensions
{
    /// <summary>Attaches a receipt to a chat response.</summary>
    /// <param name="response">The response, which is changed.</param>
    /// <param name="receipt">The receipt, for example from <see cref="PrivatemodeModelFactory.EncryptionReceipt"/>.</param>
    /// <returns><paramref name="response"/>.</returns>
    /// <exception cref="ArgumentNullException">An argument is <see langword="null"/>.</exception>
    public static ChatResponse WithPrivatemodeReceipt(this ChatResponse response, EncryptionReceipt receipt)
    {
        ArgumentNullException.ThrowIfNull(response);
        response.AdditionalProperties = Add(response.AdditionalProperties, receipt);
        return response;
    }

    /// <summary>Attaches a receipt to an update of a streamed chat response.</summary>
    /// <param name="update">The update, which is changed.</param>
    /// <param name="receipt">The receipt.</param>
    /// <returns><paramref name="update"/>.</returns>
    /// <exception cref="ArgumentNullException">An argument is <see langword="null"/>.</exception>
    public static ChatResponseUpdate WithPrivatemodeReceipt(this ChatResponseUpdate update, EncryptionReceipt receipt)
    {
        ArgumentNullException.ThrowIfNull(update);
        update.AdditionalProperties = Add(update.AdditionalProperties, receipt);
        return update;
    }

    /// <summary>Attaches a receipt to a collection of generated embeddings and to each embedding in it.</summary>
    /// <param name="embeddings">The embeddings, which are changed.</param>
    /// <param name="receipt">The receipt.</param>
    /// <returns><paramref name="embeddings"/>.</returns>
    /// <exception cref="ArgumentNullException">An argument is <see langword="null"/>.</exception>
    public static GeneratedEmbeddings<Embedding<float>> WithPrivatemodeReceipt(
        this GeneratedEmbeddings<Embedding<float>> embeddings, EncryptionReceipt receipt)
    {
        ArgumentNullException.ThrowIfNull(embeddings);
        embeddings.AdditionalProperties = Add(embeddings.AdditionalProperties, receipt);
        foreach (Embedding<float> embedding in embeddings)
        {
            embedding.AdditionalProperties = Add(embedding.AdditionalProperties, receipt);
        }

        return embeddings;
    }

    /// <summary>Attaches a receipt to a transcription.</summary>
    /// <param name="response">The response, which is changed.</param>
    /// <param name="receipt">The receipt.</param>
    /// <returns><paramref name="response"/>.</returns>
    /// <exception cref="ArgumentNullException">An argument is <see langword="null"/>.</exception>
    [Experimental("MEAI001")]
    public static SpeechToTextResponse WithPrivatemodeReceipt(this SpeechToTextResponse response, EncryptionReceipt receipt)
    {
        ArgumentNullException.ThrowIfNull(response);
        response.AdditionalProperties = Add(response.AdditionalProperties, receipt);
        return response;
    }

    /// <summary>Attaches a receipt to an update of a streamed transcription.</summary>
    /// <param name="update">The update, which is changed.</param>
    /// <param name="receipt">The receipt.</param>
    /// <returns><paramref name="update"/>.</returns>
    /// <exception cref="ArgumentNullException">An argument is <see langword="null"/>.</exception>
    [Experimental("MEAI001")]
    public static SpeechToTextResponseUpdate WithPrivatemodeReceipt(this SpeechToTextResponseUpdate update, EncryptionReceipt receipt)
    {
        ArgumentNullException.ThrowIfNull(update);
        update.AdditionalProperties = Add(update.AdditionalProperties, receipt);
        return update;
    }

    /// <summary>Attaches a receipt to an HTTP response, as <see cref="PrivatemodeHttpMessageHandler"/> does.</summary>
    /// <param name="response">The response. The receipt is stored in the options of its <see cref="HttpResponseMessage.RequestMessage"/>, which is created if
    /// it is <see langword="null"/>.</param>
    /// <param name="receipt">The receipt.</param>
    /// <returns><paramref name="response"/>.</returns>
    /// <exception cref="ArgumentNullException">An argument is <see langword="null"/>.</exception>
    public static HttpResponseMessage WithPrivatemodeReceipt(this HttpResponseMessage response, EncryptionReceipt receipt)
    {
        ArgumentNullException.ThrowIfNull(response);
        ArgumentNullException.ThrowIfNull(receipt);
        response.RequestMessage ??= new HttpRequestMessage();
        response.RequestMessage.Options.Set(new HttpRequestOptionsKey<EncryptionReceipt?>(EncryptionReceipt.PropertyName), receipt);
        return response;
    }

    private static AdditionalPropertiesDictionary Add(AdditionalPropertiesDictionary? properties, EncryptionReceipt receipt)
    {
        ArgumentNullException.ThrowIfNull(receipt);
        properties ??= [];
        properties[EncryptionReceipt.PropertyName] = receipt.ToJson();
        return properties;
    }
}
