using System.Text;
using Privatemode.AI.Testing.Enclave;

namespace Privatemode.AI.Testing;

/// <summary>Represents a request that a test deployment received, as it was on the wire and decrypted.</summary>
public sealed class RecordedRequest
{
    internal RecordedRequest(string method, string pathAndQuery, IReadOnlyDictionary<string, string> headers, ReadOnlyMemory<byte> wireBody)
    {
        Method = method;
        PathAndQuery = pathAndQuery;
        Headers = headers;
        WireBody = wireBody;
    }

    /// <summary>Gets the HTTP method.</summary>
    public string Method { get; }

    /// <summary>Gets the path and the query, for example <c>/v1/chat/completions</c>.</summary>
    public string PathAndQuery { get; }

    /// <summary>Gets the headers as they were received. Names are not case-sensitive.</summary>
    /// <value>If a header has several values, they are joined by commas.</value>
    public IReadOnlyDictionary<string, string> Headers { get; }

    /// <summary>Gets the body as it was on the wire. The bodies of inference requests are encrypted.</summary>
    public ReadOnlyMemory<byte> WireBody { get; }

    /// <summary>Gets <see cref="WireBody"/> as text.</summary>
    public string WireBodyText => Encoding.UTF8.GetString(WireBody.Span);

    /// <summary>Gets the decrypted body.</summary>
    /// <value>The body as text, or <see langword="null"/> if this is not an inference request, or if the body is empty or could not be decrypted. For a
    /// transcription, this is a JSON object that contains the fields of the form, and the name, type and size of each file; for document extraction, it is the
    /// decrypted <c>multipart/form-data</c> body, read as UTF-8. Use <see cref="DecryptedFields"/> for the bytes of a file.</value>
    public string? DecryptedBody { get; internal set; }

    /// <summary>Gets the decrypted fields and files of a form by name.</summary>
    /// <value>Empty if the body is not a form. If several fields have the same name, the value is that of the first field for a transcription, because the
    /// service ignores the others, and all values joined by line feeds for document extraction.</value>
    public IReadOnlyDictionary<string, ReadOnlyMemory<byte>> DecryptedFields { get; internal set; } = new Dictionary<string, ReadOnlyMemory<byte>>();

    /// <summary>The name of the first file in a decrypted form; null if the form contains no file.</summary>
    internal string? FileName { get; set; }

    /// <summary>Gets the body of the answer as it was on the wire.</summary>
    /// <value>Empty until the whole answer is sent, and for binary answers, which are certificates and revocation lists. If a fault ends the answer early, it
    /// stays empty, except for answers of evidence sources, which it contains completely.</value>
    public string WireResponseText { get; internal set; } = "";

    /// <summary>Gets the HTTP status of the answer, or <see langword="null"/> if no answer has been sent yet.</summary>
    public int? ResponseStatusCode { get; internal set; }

    /// <summary>Gets the request ID, which the client sends as <c>Privatemode-User-Request-ID</c>.</summary>
    /// <value>The ID as the service keeps it: cut after 64 bytes and followed by <c>...</c> if it is longer, with <c>?</c> in place of characters other than
    /// <c>A-Z a-z 0-9 - _ .</c>; or <see langword="null"/> if the request has none.</value>
    public string? RequestId => Headers.TryGetValue("Privatemode-User-Request-ID", out string? id) ? RequestIdSanitizer.Sanitize(id) : null;

    /// <summary>Gets a value that indicates whether this is an inference request.</summary>
    /// <value><see langword="true"/> for chats, completions, messages, embeddings, transcriptions and document extraction; <see langword="false"/> for key
    /// exchanges, the model list and requests for evidence.</value>
    public bool IsInference => Method == "POST" &&
        (PathAndQuery.StartsWith("/v1/", StringComparison.Ordinal) || PathAndQuery.StartsWith("/unstructured/", StringComparison.Ordinal));
}
