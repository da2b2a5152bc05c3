using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Privatemode.AI;

/// <summary>Represents one answer to a prompt, or the next part of it in a streamed completion.</summary>
public sealed class TextCompletionChoice
{
    /// <summary>Gets the index of the choice in the request.</summary>
    /// <value>The zero-based position of the prompt, times <see cref="TextCompletionRequest.ChoiceCount"/>, plus the zero-based number of the answer
    /// to this prompt. The default is 0.</value>
    public int Index { get; init; }

    /// <summary>Gets the text of the choice, or the next part of it in a streamed completion.</summary>
    public required string Text { get; init; }

    /// <summary>Gets the reason why the choice ended, or <see langword="null"/> if it has not ended.</summary>
    /// <value>For example <see cref="ChatFinishReason.Stop"/> or <see cref="ChatFinishReason.Length"/>. Other values are those of the model server.</value>
    public ChatFinishReason? FinishReason { get; init; }

    /// <summary>Gets the log probabilities as the model server returned them, or <see langword="null"/> if there are none.</summary>
    public JsonElement? LogProbabilities { get; init; }

    /// <summary>Gets the whole choice as the model server returned it, including members that this library does not read.</summary>
    /// <value>A JSON object, or <see langword="null"/> if the choice did not come from the service.</value>
    public JsonElement? RawRepresentation { get; init; }

    /// <summary>Returns the text of the choice.</summary>
    /// <returns><see cref="Text"/>.</returns>
    public override string ToString() => Text;
}
