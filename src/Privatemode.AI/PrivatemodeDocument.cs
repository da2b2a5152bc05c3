namespace Privatemode.AI;

/// <summary>A document taken apart.</summary>
public sealed class PrivatemodeDocument
{
    internal PrivatemodeDocument(IReadOnlyList<DocumentElement> elements, PrivatemodeReceipt? receipt) => (Elements, Receipt) = (elements, receipt);

    /// <summary>Its elements in the order of reading, or its chunks.</summary>
    public IReadOnlyList<DocumentElement> Elements { get; }

    /// <summary>To which verified deployment document and answer were sealed.</summary>
    public PrivatemodeReceipt? Receipt { get; }

    /// <summary>The texts of all elements, with an empty line between two.</summary>
    public string Text => string.Join("\n\n", Elements.Select(element => element.Text).Where(text => text.Length > 0));

    /// <summary>The text.</summary>
    /// <returns><see cref="Text"/>.</returns>
    public override string ToString() => Text;
}
