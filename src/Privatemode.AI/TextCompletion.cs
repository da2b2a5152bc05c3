using Microsoft.Extensions.AI;

namespace Privatemode.AI;

/// <summary>An answer of the completions endpoint; of a streamed one, one event of it.</summary>
public sealed class TextCompletion
{
    internal TextCompletion(IReadOnlyList<TextCompletionChoice> choices) => Choices = choices;

    /// <summary>The answers, in the order the server gives them; of an event the pieces it brings, none in the one that brings
    /// <see cref="Usage"/>.</summary>
    public IReadOnlyList<TextCompletionChoice> Choices { get; }

    /// <summary>The text of the first choice here; empty when there is none.</summary>
    public string Text => Choices.Count > 0 ? Choices[0].Text : "";

    /// <summary>Id the service gave the answer. It travels in the clear and is not authenticated.</summary>
    public string? Id { get; internal init; }

    /// <summary>The model that answered.</summary>
    public string? ModelId { get; internal init; }

    /// <summary>When the answer was begun.</summary>
    public DateTimeOffset? CreatedAt { get; internal init; }

    /// <summary>Token counts; null when they are not told here. They travel in the clear and are not authenticated.</summary>
    public UsageDetails? Usage { get; internal init; }

    /// <summary>To which deployment this was sealed.</summary>
    public EncryptionReceipt? Receipt { get; internal init; }
}
