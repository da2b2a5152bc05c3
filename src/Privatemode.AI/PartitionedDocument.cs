namespace Privatemode.AI;

/// <summary>A document taken apart.</summary>
/// <remarks>
/// Each element is authentic. That none is missing is not: elements carry no numbers, and their count is not sealed. Somebody between you and
/// the enclave can leave out those that were sealed last, without being noticed. They are sealed in the order of their numbers as text
/// (0, 1, 10, 11, 2, 3), so of more than ten elements those in the middle may be missing as well, and the others then stand in that order.
/// Where a missing page would do harm, compare the page numbers with the document.
/// </remarks>
public sealed class PartitionedDocument
{
    internal PartitionedDocument(IReadOnlyList<DocumentElement> elements, EncryptionReceipt? receipt) => (Elements, Receipt) = (elements, receipt);

    /// <summary>Its elements in the order of reading, or its chunks.</summary>
    public IReadOnlyList<DocumentElement> Elements { get; }

    /// <summary>To which verified deployment document and answer were sealed.</summary>
    public EncryptionReceipt? Receipt { get; }

    /// <summary>The texts of all elements, with an empty line between two.</summary>
    public string Text => string.Join("\n\n", Elements.Select(element => element.Text).Where(text => text.Length > 0));

    /// <summary>The text.</summary>
    /// <returns><see cref="Text"/>.</returns>
    public override string ToString() => Text;
}
