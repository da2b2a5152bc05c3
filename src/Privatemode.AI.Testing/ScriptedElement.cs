namespace Privatemode.AI.Testing;

/// <summary>Represents an element of a scripted document.</summary>
/// <param name="type">The kind of the element, for example <c>Title</c> or <c>NarrativeText</c>.</param>
/// <param name="text">The text of the element.</param>
public sealed class ScriptedElement(string type, string text)
{
    /// <summary>Gets the kind of the element, for example <c>Title</c> or <c>NarrativeText</c>.</summary>
    public string Type { get; } = type ?? throw new ArgumentNullException(nameof(type));

    /// <summary>Gets the text of the element.</summary>
    public string Text { get; } = text ?? throw new ArgumentNullException(nameof(text));

    /// <summary>Gets the page that the element is on, from 1. The default is 1.</summary>
    public int Page { get; init; } = 1;
}
