using Microsoft.SemanticKernel;

namespace Privatemode.AI.SemanticKernel;

/// <summary>Provides extension methods that read the receipt and the reasoning of an answer from its metadata.</summary>
public static class KernelMetadata
{
    /// <summary>The key of the metadata entry that contains the text of the model's reasoning.</summary>
    /// <remarks>The key of the receipt is <see cref="EncryptionReceipt.PropertyName"/>.</remarks>
    public const string Reasoning = "privatemode.reasoning";

    /// <summary>Gets the receipt of an answer or a transcription.</summary>
    /// <param name="content">The content that a service of this package returned, such as a <see cref="ChatMessageContent"/>.</param>
    /// <returns>The receipt, or <see langword="null"/> if the content has no receipt, for example because it is not from Privatemode.</returns>
    /// <remarks>If functions were invoked, the answer required several requests, and this is the receipt of the last request. The messages that were added to
    /// the chat history contain the receipts of the other requests.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="content"/> is <see langword="null"/>.</exception>
    public static EncryptionReceipt? GetPrivatemodeReceipt(this KernelContent content)
    {
        ArgumentNullException.ThrowIfNull(content);
        return ReceiptIn(content.Metadata);
    }

    /// <summary>Gets the receipt of an update of a streamed answer.</summary>
    /// <param name="content">The update that a service of this package returned, such as a <see cref="StreamingChatMessageContent"/>.</param>
    /// <returns>The receipt of the request that the update belongs to, or <see langword="null"/> if the update has no receipt.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="content"/> is <see langword="null"/>.</exception>
    public static EncryptionReceipt? GetPrivatemodeReceipt(this StreamingKernelContent content)
    {
        ArgumentNullException.ThrowIfNull(content);
        return ReceiptIn(content.Metadata);
    }

    /// <summary>Gets the receipt of the result of a prompt function.</summary>
    /// <param name="result">The result, for example of <c>Kernel.InvokePromptAsync</c>.</param>
    /// <returns>The receipt, or <see langword="null"/> if the result has no receipt.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="result"/> is <see langword="null"/>.</exception>
    public static EncryptionReceipt? GetPrivatemodeReceipt(this FunctionResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return ReceiptIn(result.Metadata);
    }

    /// <summary>Gets the text of the reasoning of an answer.</summary>
    /// <param name="content">The answer.</param>
    /// <returns>The reasoning, or <see langword="null"/> if the answer contains no reasoning.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="content"/> is <see langword="null"/>.</exception>
    public static string? GetPrivatemodeReasoning(this KernelContent content)
    {
        ArgumentNullException.ThrowIfNull(content);
        return TextIn(content.Metadata, Reasoning);
    }

    /// <summary>Gets the part of the reasoning that an update of a streamed answer contains.</summary>
    /// <param name="content">The update.</param>
    /// <returns>The part of the reasoning, or <see langword="null"/> if the update contains no reasoning.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="content"/> is <see langword="null"/>.</exception>
    public static string? GetPrivatemodeReasoning(this StreamingKernelContent content)
    {
        ArgumentNullException.ThrowIfNull(content);
        return TextIn(content.Metadata, Reasoning);
    }

    /// <summary>Gets the text of the reasoning from the result of a prompt function.</summary>
    /// <param name="result">The result, for example of <c>Kernel.InvokePromptAsync</c>.</param>
    /// <returns>The reasoning, or <see langword="null"/> if the result contains no reasoning, for example because the kernel uses an
    /// <c>IChatClient</c>.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="result"/> is <see langword="null"/>.</exception>
    public static string? GetPrivatemodeReasoning(this FunctionResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return TextIn(result.Metadata, Reasoning);
    }

    // In a history that was read from JSON, the text is a JsonElement.
    private static string? TextIn(IReadOnlyDictionary<string, object?>? metadata, string name) =>
        metadata?.TryGetValue(name, out object? value) == true ? value?.ToString() : null;

    private static EncryptionReceipt? ReceiptIn(IReadOnlyDictionary<string, object?>? metadata) =>
        EncryptionReceipt.TryParse(TextIn(metadata, EncryptionReceipt.PropertyName), out EncryptionReceipt? receipt) ? receipt : null;
}
