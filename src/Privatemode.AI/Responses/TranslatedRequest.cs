namespace Privatemode.AI.Responses;

/// <summary>The information that the answer to a translated request needs, and what was left out of the request.</summary>
internal sealed record TranslatedRequest
{
    /// <summary>The tools, by their names in the chat.</summary>
    public required IReadOnlyDictionary<string, ToolName> Tools { get; init; }

    /// <summary>Whether the caller requests reasoning in encrypted form, to send it back.</summary>
    public bool WantsReasoning { get; init; }

    /// <summary>Whether the caller requests log probabilities.</summary>
    public bool WantsLogProbabilities { get; init; }

    /// <summary>The caller's session for the prompt cache, or null.</summary>
    public string? CacheKey { get; init; }

    /// <summary>The types of hosted tools of which tools or items were left out, without duplicates.</summary>
    public IReadOnlyList<string> LeftOutTools { get; init; } = [];

    /// <summary>The number of items with reasoning that this client cannot decrypt.</summary>
    public int ForeignReasoning { get; init; }
}
