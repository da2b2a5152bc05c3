namespace Privatemode.AI;

/// <summary>Represents the text and the elements that were extracted from a document.</summary>
/// <remarks>
/// Each element is authentic. It is not guaranteed that all elements are present: they are not numbered, and their count is not authenticated.
/// An attacker between you and the deployment can remove the elements that were encrypted last, and the client cannot detect this. Elements are encrypted in
/// the order of their indexes as text (0, 1, 10, 11, 2, 3), so if there are more than ten, elements in the middle may be missing too, and the
/// remaining ones are then in that order. If a missing page would cause harm, compare the page numbers with the document.
/// </remarks>
public sealed class PartitionedDocument
{
    /// <summary>Gets the elements in reading order, or the chunks if <see cref="DocumentOptions.Chunking"/> was set.</summary>
    /// <remarks>If an attacker removed elements, some are missing, and the order of the others can be different; see the remarks of
    /// <see cref="PartitionedDocument"/>.</remarks>
    public required IReadOnlyList<DocumentElement> Elements { get; init; }

    /// <summary>Gets the receipt of the request, or <see langword="null"/> if the document was not returned by the service, for example in a test.</summary>
    /// <remarks>Check <see cref="EncryptionReceipt.IsVerified"/>, not only whether there is a receipt.</remarks>
    public EncryptionReceipt? Receipt { get; init; }

    /// <summary>Gets the texts of all elements, separated by empty lines. Elements without text are left out.</summary>
    public string Text => string.Join("\n\n", Elements.Select(element => element.Text).Where(text => text.Length > 0));

    /// <summary>Returns the text of the document.</summary>
    /// <returns><see cref="Text"/>.</returns>
    public override string ToString() => Text;
}
