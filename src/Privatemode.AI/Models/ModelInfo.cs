namespace Privatemode.AI;

/// <summary>Represents a model as the service lists it.</summary>
/// <remarks>The list is neither encrypted nor authenticated. Do not base security decisions on it.</remarks>
public sealed record ModelInfo
{
    /// <summary>Gets the model ID, for example <c>gpt-oss-120b</c>. An ID is usually no longer offered after some months.</summary>
    public required string Id { get; init; }

    /// <summary>Gets the tasks that the model supports, as the service names them.</summary>
    /// <value>For example <c>generate</c>, <c>embed</c>, <c>tool_calling</c>, <c>vision</c> or <c>transcribe</c>; other tasks can be added later. The list is
    /// empty if the service returned none.</value>
    public IReadOnlyList<string> Tasks { get; init; } = [];

    /// <summary>Gets the other IDs under which the same model is listed.</summary>
    /// <value>A short ID such as <c>gpt-oss-120b</c>, and the long IDs that end in it, such as <c>openai/gpt-oss-120b</c>. The default is empty.</value>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>Gets the time at which the model was created, or <see langword="null"/> if the service did not return one.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>Gets the owner of the model, or <see langword="null"/> if the service did not return one.</summary>
    public string? OwnedBy { get; init; }

    /// <summary>Gets a value that indicates whether the model supports chat and text completions.</summary>
    public bool SupportsChat => Tasks.Contains("generate", StringComparer.Ordinal);

    /// <summary>Gets a value that indicates whether the model supports embeddings.</summary>
    public bool SupportsEmbeddings => Tasks.Contains("embed", StringComparer.Ordinal);

    /// <summary>Gets a value that indicates whether the model supports tool calls.</summary>
    public bool SupportsTools => Tasks.Contains("tool_calling", StringComparer.Ordinal);

    /// <summary>Gets a value that indicates whether the model accepts images.</summary>
    public bool SupportsVision => Tasks.Contains("vision", StringComparer.Ordinal);

    /// <summary>Gets a value that indicates whether the model supports transcription.</summary>
    public bool SupportsTranscription => Tasks.Contains("transcribe", StringComparer.Ordinal);

    /// <summary>Determines whether another model has the same values. Lists are compared by their elements.</summary>
    /// <param name="other">The other model.</param>
    /// <returns><see langword="true"/> if all values are equal; otherwise, <see langword="false"/>.</returns>
    public bool Equals(ModelInfo? other) => other is not null && Id == other.Id && CreatedAt == other.CreatedAt && OwnedBy == other.OwnedBy
        && Tasks.SequenceEqual(other.Tasks, StringComparer.Ordinal) && Aliases.SequenceEqual(other.Aliases, StringComparer.Ordinal);

    /// <summary>Returns a hash code for the model, which is computed from <see cref="Id"/>.</summary>
    /// <returns>The hash code.</returns>
    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(Id);

    /// <summary>Returns the model ID.</summary>
    /// <returns><see cref="Id"/>.</returns>
    public override string ToString() => Id;
}
