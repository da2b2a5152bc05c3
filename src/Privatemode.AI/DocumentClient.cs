using Privatemode.AI.Documents;

namespace Privatemode.AI;

/// <summary>Takes documents apart: text, tables and images of PDF, Office, HTML, mail and image files.</summary>
/// <remarks>Thread-safe. Lives as long as the <see cref="PrivatemodeClient"/> it comes from.</remarks>
public sealed class DocumentClient
{
    private readonly DocumentCall _call;

    internal DocumentClient(DocumentCall call) => _call = call;

    /// <summary>Takes one document apart.</summary>
    /// <param name="document">The document, from where the stream stands; neither disposed nor rewound. Just under 25 MiB at most, because
    /// the service takes 50 MiB and sealing doubles the size.</param>
    /// <param name="fileName">Its name, by whose extension the service knows the type; of a path the last segment. It travels sealed. Null for
    /// that of a <see cref="FileStream"/>, or none.</param>
    /// <param name="options">Null for the service's defaults.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The elements of the document.</returns>
    /// <remarks>A document in which the service finds nothing, such as a blank page, is refused with a <see cref="PrivatemodeIntegrityException"/> whose
    /// <see cref="PrivatemodeException.ErrorType"/> is <c>empty-document</c>: the answer is empty, or its elements were removed. An empty list
    /// contains nothing that could be authenticated, so the two cases cannot be distinguished.</remarks>
    /// <exception cref="ArgumentException">The stream cannot be read.</exception>
    /// <exception cref="PrivatemodeRequestException">The document is empty or too large, or an option is not acceptable.</exception>
    /// <exception cref="PrivatemodeConfigurationException">The service rejects the API key.</exception>
    /// <exception cref="PrivatemodeServiceException">The service could not be reached, refused or failed.</exception>
    /// <exception cref="PrivatemodeVerificationException">The deployment did not prove itself; no content was sent to it.</exception>
    /// <exception cref="PrivatemodeIntegrityException">The answer was altered, cut or not encrypted, or it is empty (see the remarks).</exception>
    /// <exception cref="ObjectDisposedException">The <see cref="PrivatemodeClient"/> is disposed of.</exception>
    public Task<PartitionedDocument> PartitionAsync(
        Stream document, string? fileName = null, DocumentOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(document);
        return _call.PartitionAsync(document, fileName, options ?? new DocumentOptions(), cancellationToken);
    }
}
