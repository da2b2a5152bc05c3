using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Privatemode.AI;

/// <summary>Represents a text completion, or one event of a streamed text completion.</summary>
public sealed class TextCompletion
{
    /// <summary>Gets the choices in the order in which the service returned them.</summary>
    /// <value>In a streamed completion, the next part of each choice that the event continues. The list is empty in an event that contains only
    /// <see cref="Usage"/>.</value>
    public required IReadOnlyList<TextCompletionChoice> Choices { get; init; }

    /// <summary>Gets the text of the first element of <see cref="Choices"/>, or an empty string if the answer has no choice.</summary>
    /// <remarks>With several prompts or several choices for each prompt, the events of a streamed completion continue different choices. In this case, use
    /// <see cref="Choices"/>, and combine the parts by <see cref="TextCompletionChoice.Index"/>.</remarks>
    public string Text => Choices.Count > 0 ? Choices[0].Text : "";

    /// <summary>Gets the completion ID, or <see langword="null"/> if the service did not return one.</summary>
    /// <remarks>The ID is sent in the clear and is not authenticated.</remarks>
    public string? Id { get; init; }

    /// <summary>Gets the ID of the model that generated the completion, or <see langword="null"/> if the service did not return one.</summary>
    public string? ModelId { get; init; }

    /// <summary>Gets the time at which the model server began the completion, or <see langword="null"/> if the service did not return one.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>Gets the token counts, or <see langword="null"/> if this completion or event does not contain them.</summary>
    /// <remarks>The counts are sent in the clear and are not authenticated.</remarks>
    public UsageDetails? Usage { get; init; }

    /// <summary>Gets the receipt of the request, or <see langword="null"/> if the completion was not returned by the service, for example in a test.</summary>
    /// <remarks>Check <see cref="EncryptionReceipt.IsVerified"/>, not only whether there is a receipt.</remarks>
    public EncryptionReceipt? Receipt { get; init; }

    /// <summary>Returns the text of the completion.</summary>
    /// <returns><see cref="Text"/>.</returns>
    public override string ToString() => Text;
}

/// <summary>Represents one answer to a prompt, or the next part of it in a streamed completion.</summary>
public sealed class TextCompletionChoice
{
    /// <summary>Gets the index of the choice among the choices for all prompts of the request.</summary>
    /// <value>The zero-based position of the prompt, times <see cref="TextCompletionRequest.ChoiceCount"/>, plus the zero-based number of the answer
    /// to this prompt. The default is 0.</value>
    public int Index { get; init; }

    /// <summary>Gets the text of the choice, or the next part of it in a streamed completion.</summary>
    public required string Text { get; init; }

    /// <summary>Gets the reason why the choice ended, or <see langword="null"/> if it has not ended.</summary>
    /// <value>For example, <see cref="ChatFinishReason.Stop"/> or <see cref="ChatFinishReason.Length"/>. The model server can return other values.</value>
    public ChatFinishReason? FinishReason { get; init; }

    /// <summary>Gets the log probabilities as JSON, as the model server returned them, or <see langword="null"/> if it returned none.</summary>
    public JsonElement? LogProbabilities { get; init; }

    /// <summary>Gets the whole choice as the model server returned it, including members that this library does not read.</summary>
    /// <value>A JSON object, or <see langword="null"/> if the choice did not come from the service.</value>
    public JsonElement? RawRepresentation { get; init; }

    /// <summary>Returns the text of the choice.</summary>
    /// <returns><see cref="Text"/>.</returns>
    public override string ToString() => Text;
}
