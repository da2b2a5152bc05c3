using System.Text;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Encryption.Multipart;

namespace Privatemode.AI.Pipeline.Requests;

/// <summary>A plaintext form and its parts.</summary>
internal sealed class FormRequestBody : RequestBody
{
    private readonly PooledBytes _plain;
    private readonly InPlaceBuffer _bytes;
    private readonly string _boundary;

    /// <summary>Reads a form. Takes ownership of the bytes, even if it throws.</summary>
    /// <exception cref="PrivatemodeWouldLeakException">The form is malformed or ambiguous.</exception>
    public FormRequestBody(PooledBytes bytes, string boundary)
    {
        (_plain, _bytes, _boundary) = (bytes, new InPlaceBuffer(bytes), boundary);
        try
        {
            Form = Read();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public FormIndex Form { get; private set; }

    public override PooledBytes Plaintext => _plain;

    /// <summary>The value of a clear field, or of any field before the first attempt.</summary>
    public ReadOnlySpan<byte> Value(FormPart part) => _bytes.Span.Slice(part.Value.Start, part.Value.Length);

    /// <summary>Adds a field after all others; only before the first attempt.</summary>
    /// <exception cref="PrivatemodeWouldLeakException">The form has the maximum number of parts.</exception>
    public void Add(string name, string value)
    {
        byte[] part = Encoding.ASCII.GetBytes($"--{_boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        _plain.Replace(Form.Boundaries[^1] - "--".Length, 0, part);
        Form = Read();
    }

    public override EncryptedBody Encrypt(BodyExchange exchange, EndpointRule rule) => exchange.EncryptForm(_bytes, Form, rule.RequestClearNames!);

    public override void EndAttempt() => _bytes.Decrypt();

    public override IReadOnlyList<(string Name, bool IsClear)> Names(ClearNames clear) =>
        [.. Form.Parts.Select(part => (Encoding.UTF8.GetString(part.Name), clear.Contains(part.Name)))];

    public override void Dispose() => _bytes.Dispose();

    /// <summary>The exception for a form that readers could understand in different ways.</summary>
    public static PrivatemodeWouldLeakException Unreadable(FormShape shape) => new("unparsable-body", shape == FormShape.TooManyParts
        ? $"The form has more than {FormIndex.MaxParts} parts. Send fewer."
        : "The body must be a form that can be read in one way only: CRLF line ends, nothing before the first boundary or after the last, and parts " +
          "with a Content-Disposition that names them and at most a Content-Type beside it.");

    private FormIndex Read()
    {
        FormShape shape = FormIndex.Read(_plain.Span, _boundary, out FormIndex form);
        return shape == FormShape.Usable ? form : throw Unreadable(shape);
    }
}

/// <summary>A plaintext form that is encrypted as a whole, so that not even the names of its fields can be seen.</summary>
/// <remarks>
/// The boundary is sent in the clear, in a header, and the caller chooses it. So it is replaced with the same number of random letters
/// before anything is encrypted.
/// </remarks>
internal sealed class OpaqueRequestBody : RequestBody
{
    private const int Tries = 16;

    private readonly InPlaceBuffer _bytes;

    /// <summary>Reads a form. Takes ownership of the bytes, even if it throws.</summary>
    /// <exception cref="PrivatemodeWouldLeakException">The form is malformed or ambiguous, or its boundary is too short.</exception>
    public OpaqueRequestBody(PooledBytes bytes, string boundary)
    {
        Plaintext = bytes;
        _bytes = new InPlaceBuffer(bytes);
        try
        {
            FormShape shape = FormIndex.Read(bytes.Span, boundary, out FormIndex form);
            ContentType = shape == FormShape.Usable
                ? FormBoundary.ContentType(Replace(bytes.Span, form, boundary.Length))
                : throw FormRequestBody.Unreadable(shape);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The content type with the boundary that replaced the caller's.</summary>
    public string ContentType { get; }

    public override PooledBytes Plaintext { get; }

    public override EncryptedBody Encrypt(BodyExchange exchange, EndpointRule rule) => exchange.EncryptWhole(_bytes, ContentType);

    public override void EndAttempt() => _bytes.Decrypt();

    public override IReadOnlyList<(string Name, bool IsClear)> Names(ClearNames clear) => [];

    public override void Dispose() => _bytes.Dispose();

    private static string Replace(Span<byte> body, FormIndex form, int length)
    {
        for (int i = 0; i < Tries; i++)
        {
            string boundary = FormBoundary.NewOfLength(length);
            if (body.IndexOf(Encoding.ASCII.GetBytes("--" + boundary)) < 0)
            {
                foreach (int at in form.Boundaries)
                {
                    _ = Encoding.ASCII.GetBytes(boundary, body[at..]);
                }

                return boundary;
            }
        }

        throw new PrivatemodeWouldLeakException(
            "boundary", "The boundary of the form is too short to be replaced, and it would be sent in the clear. Use one of 16 characters or more.");
    }
}
