using System.Text;
using Privatemode.AI.Testing.Enclave;

namespace Privatemode.AI.Testing;

/// <summary>One request as the deployment saw it: what was on the wire, and what was in it.</summary>
public sealed class RecordedRequest
{
    internal RecordedRequest(string method, string path, IReadOnlyDictionary<string, string> headers, ReadOnlyMemory<byte> wireBody)
    {
        Method = method;
        Path = path;
        Headers = headers;
        WireBody = wireBody;
    }

    /// <summary>HTTP method.</summary>
    public string Method { get; }

    /// <summary>Path and query.</summary>
    public string Path { get; }

    /// <summary>Headers as received; names compare without case.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; }

    /// <summary>The body as it travelled, sealed.</summary>
    public ReadOnlyMemory<byte> WireBody { get; }

    /// <summary><see cref="WireBody"/> as text.</summary>
    public string WireText => Encoding.UTF8.GetString(WireBody.Span);

    /// <summary>
    /// The body after opening; null when it could not be opened or there was none. Of a transcription it is a JSON object with the fields of the
    /// form, and of each file its name, type and size; of document extraction the inner form as it is.
    /// </summary>
    public string? OpenedBody { get; internal set; }

    /// <summary>
    /// Fields and files of a form after decryption, by name. Of a transcription only the first of those with one name, as the service passes no more on;
    /// of document extraction all, joined by line feeds. Empty when the body was no form.
    /// </summary>
    public IReadOnlyDictionary<string, ReadOnlyMemory<byte>> OpenedFields { get; internal set; } = new Dictionary<string, ReadOnlyMemory<byte>>();

    /// <summary>Name of the first file of a form after opening; null when there was none.</summary>
    internal string? FileName { get; set; }

    /// <summary>The answer as it travelled, sealed; empty until it was sent.</summary>
    public string WireAnswer { get; internal set; } = "";

    /// <summary>HTTP status of the answer; 0 until it was sent.</summary>
    public int Status { get; internal set; }

    /// <summary>
    /// Value of <c>Privatemode-User-Request-ID</c> as the service keeps it: cut after 64 bytes, <c>?</c> in place of what is not one of
    /// <c>A-Z a-z 0-9 - _ .</c>; null when there was none.
    /// </summary>
    public string? RequestId => Headers.TryGetValue("Privatemode-User-Request-ID", out string? id) ? RequestIdSanitizer.Sanitize(id) : null;

    /// <summary>True for calls of inference endpoints, as opposed to key exchange and the list of models.</summary>
    public bool IsInference => Method == "POST" &&
        (Path.StartsWith("/v1/", StringComparison.Ordinal) || Path.StartsWith("/unstructured/", StringComparison.Ordinal));
}
