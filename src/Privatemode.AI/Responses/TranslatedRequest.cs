namespace Privatemode.AI.Responses;

/// <summary>What the answer to a translated request depends on, and what was left out of the request.</summary>
internal sealed record TranslatedRequest
{
    /// <summary>The tools, by the names that the chat has for them.</summary>
    public required IReadOnlyDictionary<string, ToolName> Tools { get; init; }

    /// <summary>The caller wants reasoning in encrypted form, to send it back.</summary>
    public bool WantsReasoning { get; init; }

    /// <summary>The caller wants log probabilities.</summary>
    public bool WantsLogProbabilities { get; init; }

    /// <summary>The caller's session for the prompt cache; null for none.</summary>
    public string? CacheKey { get; init; }

    /// <summary>The types of hosted tools of which something was left out, each once: tools, or items that such a tool made.</summary>
    public IReadOnlyList<string> LeftOutTools { get; init; } = [];

    /// <summary>How many items had reasoning that this client cannot decrypt.</summary>
    public int ForeignReasoning { get; init; }
}
