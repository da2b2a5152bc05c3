namespace Privatemode.AI;

/// <summary>A model as the service lists it. The list is neither encrypted nor authenticated: nothing security-relevant may follow from it.</summary>
public sealed record ModelInfo
{
    /// <summary>Its id, for example <c>gpt-oss-120b</c>. Ids live for months, not years.</summary>
    public required string Id { get; init; }

    /// <summary>What it does, in the service's words: <c>generate</c>, <c>embed</c>, <c>tool_calling</c>, <c>vision</c>, <c>transcribe</c>, and what
    /// may come later. Empty when the service does not say.</summary>
    public IReadOnlyList<string> Tasks { get; init; } = [];

    /// <summary>Other listed ids of the same model: a short id such as <c>gpt-oss-120b</c> and the long ones that end in it, such as
    /// <c>openai/gpt-oss-120b</c>.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>When it was made, as the service says; null when it does not.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>Who owns it, as the service says; null when it does not.</summary>
    public string? OwnedBy { get; init; }

    /// <summary>Whether it answers chats and completions.</summary>
    public bool SupportsChat => Tasks.Contains("generate", StringComparer.Ordinal);

    /// <summary>Whether it makes embeddings.</summary>
    public bool SupportsEmbeddings => Tasks.Contains("embed", StringComparer.Ordinal);

    /// <summary>Whether it calls tools.</summary>
    public bool SupportsTools => Tasks.Contains("tool_calling", StringComparer.Ordinal);

    /// <summary>Whether it takes images.</summary>
    public bool SupportsVision => Tasks.Contains("vision", StringComparer.Ordinal);

    /// <summary>Whether it writes down speech.</summary>
    public bool SupportsTranscription => Tasks.Contains("transcribe", StringComparer.Ordinal);

    /// <summary>The id.</summary>
    /// <returns>The id.</returns>
    public override string ToString() => Id;
}
