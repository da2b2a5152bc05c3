using Microsoft.Extensions.AI;

namespace Privatemode.AI;

/// <summary>Represents a request to the completions endpoint, which continues plain text.</summary>
/// <remarks>An option that is <see langword="null"/> is not sent, and the default of the service applies. All values except the model ID,
/// <see cref="MaxOutputTokens"/> and <see cref="ChoiceCount"/> are sent encrypted.</remarks>
public sealed class TextCompletionRequest
{
    /// <summary>Initializes a new instance of the <see cref="TextCompletionRequest"/> class with one prompt.</summary>
    /// <param name="prompt">The text to continue. It can be empty.</param>
    /// <exception cref="ArgumentNullException"><paramref name="prompt"/> is <see langword="null"/>.</exception>
    public TextCompletionRequest(string prompt)
        : this([prompt ?? throw new ArgumentNullException(nameof(prompt))])
    {
    }

    /// <summary>Initializes a new instance of the <see cref="TextCompletionRequest"/> class with several prompts.</summary>
    /// <param name="prompts">The texts to continue, at least one. Each is completed independently.</param>
    /// <exception cref="ArgumentNullException"><paramref name="prompts"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="prompts"/> is empty or contains <see langword="null"/>.</exception>
    public TextCompletionRequest(IEnumerable<string> prompts)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        Prompts = [.. prompts];
        if (Prompts.Count == 0 || Prompts.Contains(null!))
        {
            throw new ArgumentException("The list of prompts is empty or contains null. Pass at least one prompt.", nameof(prompts));
        }
    }

    /// <summary>Gets the prompts.</summary>
    public IReadOnlyList<string> Prompts { get; }

    /// <summary>Gets the model ID, or <see langword="null"/> or an empty string to use <see cref="TextCompletionClient.ModelId"/>.</summary>
    public string? ModelId { get; init; }

    /// <summary>Gets the text after the gap to fill.</summary>
    /// <remarks>The model servers of service version 1.40 refuse a suffix with status 400. Write the gap into the prompt instead, with the markers
    /// that the model knows for it.</remarks>
    public string? Suffix { get; init; }

    /// <summary>Gets the maximum number of tokens of an answer, 0 or more.</summary>
    /// <value>With <see langword="null"/>, the model server decides; vLLM then ends an answer after 16 tokens. Set a value for longer answers.</value>
    /// <remarks>If it is 0 and <see cref="Echo"/> is <see langword="true"/>, the model only computes the log probabilities of the prompt; set
    /// <see cref="TopLogProbabilityCount"/> to return them.</remarks>
    public int? MaxOutputTokens { get; init; }

    /// <summary>Gets the sampling temperature, usually between 0 and 2.</summary>
    public float? Temperature { get; init; }

    /// <summary>Gets the probability mass from which tokens are sampled, greater than 0 and at most 1.</summary>
    public float? TopP { get; init; }

    /// <summary>Gets the texts that end an answer, or <see langword="null"/> or an empty list for none.</summary>
    public IReadOnlyList<string>? StopSequences { get; init; }

    /// <summary>Gets the seed that makes sampling reproducible, as far as the model server supports it.</summary>
    public long? Seed { get; init; }

    /// <summary>Gets a value that indicates whether the answer begins with the prompt.</summary>
    public bool? Echo { get; init; }

    /// <summary>Gets the number of alternatives to each token whose log probabilities are returned, in addition to that of the token itself.</summary>
    /// <value>With 0, only the log probabilities of the tokens themselves are returned; with <see langword="null"/>, no log probabilities.</value>
    public int? TopLogProbabilityCount { get; init; }

    /// <summary>Gets the number of answers to each prompt, at least 1.</summary>
    public int? ChoiceCount { get; init; }

    /// <summary>Gets additional members of the request body.</summary>
    /// <value>The values can be strings, finite numbers, Boolean values, <see langword="null"/>, JSON nodes and elements, and dictionaries and lists of these.
    /// They are sent encrypted; the names are not.</value>
    /// <remarks>A name has 1 to 64 characters: ASCII letters, digits and underscores. A call throws a <see cref="PrivatemodeRequestException"/> if a name is
    /// invalid or is one that this library writes itself.</remarks>
    public AdditionalPropertiesDictionary? AdditionalProperties { get; init; }
}
