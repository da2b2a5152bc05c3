using Microsoft.Extensions.AI;

namespace Privatemode.AI;

/// <summary>A request to the completions endpoint: text to go on with, without the form of a chat.</summary>
/// <remarks>Null means the service's own default. Everything but the model, <see cref="MaxOutputTokens"/> and <see cref="ChoiceCount"/> is sealed.</remarks>
public sealed class TextCompletionRequest
{
    /// <summary>A request with one prompt.</summary>
    /// <param name="prompt">The text to go on with; may be empty.</param>
    public TextCompletionRequest(string prompt)
        : this([prompt ?? throw new ArgumentNullException(nameof(prompt))])
    {
    }

    /// <summary>A request with several prompts, which are answered side by side.</summary>
    /// <param name="prompts">The texts to go on with; at least one.</param>
    /// <exception cref="ArgumentException">There is none, or one of them is null.</exception>
    public TextCompletionRequest(IEnumerable<string> prompts)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        Prompts = [.. prompts];
        if (Prompts.Count == 0 || Prompts.Contains(null!))
        {
            throw new ArgumentException("There is no prompt, or one is null.", nameof(prompts));
        }
    }

    /// <summary>The prompts.</summary>
    public IReadOnlyList<string> Prompts { get; }

    /// <summary>Another model than the client's own.</summary>
    public string? ModelId { get; init; }

    /// <summary>The text after the gap to fill. The model servers of service version 1.40 refuse it with status 400: write the gap into the prompt, with the
    /// markers the model knows for it.</summary>
    public string? Suffix { get; init; }

    /// <summary>Most tokens of an answer, 0 or more. With 0 and <see cref="Echo"/> a model only says how likely it finds the prompt.</summary>
    public int? MaxOutputTokens { get; init; }

    /// <summary>How freely words are chosen, from 0; mostly up to 2.</summary>
    public float? Temperature { get; init; }

    /// <summary>The share of probability words are chosen from, above 0 and up to 1.</summary>
    public float? TopP { get; init; }

    /// <summary>Texts that end an answer. Null or empty for none.</summary>
    public IReadOnlyList<string>? StopSequences { get; init; }

    /// <summary>Makes the choice of words repeatable, as far as the model server can.</summary>
    public long? Seed { get; init; }

    /// <summary>Repeats the prompt before the answer.</summary>
    public bool? Echo { get; init; }

    /// <summary>Tells the probabilities of the tokens and of so many alternatives to each. 0 for the tokens alone.</summary>
    public int? Logprobs { get; init; }

    /// <summary>Answers to each prompt, at least 1.</summary>
    public int? ChoiceCount { get; init; }

    /// <summary>
    /// Further members of the request, posted as they are: text, numbers, booleans, null, JSON, dictionaries and lists of these. Names this library
    /// writes itself are refused.
    /// </summary>
    public AdditionalPropertiesDictionary? AdditionalProperties { get; init; }
}
