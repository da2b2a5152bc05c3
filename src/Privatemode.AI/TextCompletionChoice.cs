using System.Text.Json;

namespace Privatemode.AI;

/// <summary>One answer to one prompt, or a piece of it.</summary>
public sealed class TextCompletionChoice
{
    internal TextCompletionChoice(int index, string text, string? finishReason, JsonElement raw)
    {
        Index = index;
        Text = text;
        FinishReason = finishReason;
        Raw = raw;
    }

    /// <summary>Which answer this is: number of the prompt times <see cref="TextCompletionRequest.ChoiceCount"/>, plus number of the answer to
    /// it, each from 0.</summary>
    public int Index { get; }

    /// <summary>The text, or the next piece of it.</summary>
    public string Text { get; }

    /// <summary>Why the answer ended, in the server's word, for example <c>stop</c> or <c>length</c>; null while it goes on.</summary>
    public string? FinishReason { get; }

    /// <summary>The probabilities as the server wrote them; null when there are none.</summary>
    public JsonElement? Logprobs => Raw.TryGetProperty("logprobs", out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>The whole choice as the server wrote it, with members this library does not know.</summary>
    public JsonElement Raw { get; }
}
