namespace Privatemode.AI.Testing;

/// <summary>Represents an element of a scripted document.</summary>
public sealed class ScriptedDocumentElement
{
    /// <summary>Initializes a new instance of the <see cref="ScriptedDocumentElement"/> class.</summary>
    /// <param name="type">The type of the element, for example <c>Title</c> or <c>NarrativeText</c>.</param>
    /// <param name="text">The text of the element.</param>
    /// <exception cref="ArgumentNullException"><paramref name="type"/> or <paramref name="text"/> is <see langword="null"/>.</exception>
    public ScriptedDocumentElement(string type, string text)
    {
        Type = type ?? throw new ArgumentNullException(nameof(type));
        Text = text ?? throw new ArgumentNullException(nameof(text));
    }

    /// <summary>Gets the type of the element, for example <c>Title</c> or <c>NarrativeText</c>.</summary>
    public string Type { get; }

    /// <summary>Gets the text of the element.</summary>
    public string Text { get; }

    /// <summary>Gets the one-based number of the page that contains the element. The default is 1.</summary>
    public int PageNumber { get; init; } = 1;
}
