using Privatemode.AI.Documents;
using Privatemode.AI.Internal;

namespace Privatemode.AI;

/// <summary>Represents a client that extracts text, tables and images from PDF, Office, HTML, email and image files.</summary>
/// <remarks>
/// <para>The client is thread-safe and can be used until the <see cref="PrivatemodeClient"/> that created it is disposed.</para>
/// <para>To replace the client in tests, derive from this class and override its members. A derived class never sends anything.</para>
/// </remarks>
public class DocumentClient
{
    private readonly DocumentCall? _call;

    /// <summary>Initializes a new instance of the <see cref="DocumentClient"/> class for mocking.</summary>
    /// <remarks>Members that the derived class does not override throw a <see cref="NotSupportedException"/>.</remarks>
    protected DocumentClient()
    {
    }

    internal DocumentClient(DocumentCall call) => _call = call;

    /// <summary>Extracts the elements of a document.</summary>
    /// <param name="document">The document, read from the current position of the stream. The stream is neither rewound nor disposed. The
    /// document must be a little smaller than 25 MiB, because the service accepts 50 MiB and encryption doubles the size.</param>
    /// <param name="fileName">The file name or path, from whose extension the service determines the type of the document. Only the last segment of a path is
    /// sent, and it is sent encrypted. If <see langword="null"/>, the name of a <see cref="FileStream"/> is used, or else <c>document</c>.</param>
    /// <param name="options">The options, or <see langword="null"/> for the defaults of the service.</param>
    /// <param name="cancellationToken">A token that cancels the operation.</param>
    /// <returns>The elements of the document.</returns>
    /// <remarks>If the service finds nothing in the document, for example on a blank page, the method throws a <see cref="PrivatemodeIntegrityException"/>
    /// whose <see cref="PrivatemodeException.ErrorType"/> is <c>empty-document</c>. An empty list contains nothing that could be authenticated, so the client
    /// cannot know whether an attacker removed the elements.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="document"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="document"/> does not support reading.</exception>
    /// <exception cref="PrivatemodeRequestException">The document is empty or too large, or an option has an invalid value.</exception>
    /// <exception cref="PrivatemodeConfigurationException">No API key is set, the service rejected it, or the manifest log cannot be used.</exception>
    /// <exception cref="PrivatemodeServiceException">The service could not be reached, refused the request, or failed.</exception>
    /// <exception cref="PrivatemodeIntegrityException">The answer was altered, is incomplete, is not encrypted, or is empty (see the remarks).</exception>
    /// <exception cref="PrivatemodeVerificationException">The deployment could not be verified. No content was sent that it can read.</exception>
    /// <exception cref="ObjectDisposedException">The <see cref="PrivatemodeClient"/> was disposed.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was canceled.</exception>
    public virtual Task<PartitionedDocument> PartitionAsync(
        Stream document, string? fileName = null, DocumentOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(document);
        DocumentCall call = _call ?? throw ClientMembers.IsNotOverridden(this, nameof(PartitionAsync));
        return call.PartitionAsync(document, fileName, options ?? new DocumentOptions(), cancellationToken);
    }
}
