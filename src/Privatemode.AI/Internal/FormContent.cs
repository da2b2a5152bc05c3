using System.ClientModel;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Privatemode.AI.Internal;

/// <summary>A form (multipart/form-data) with one file at its end, as plaintext for the pipeline, which seals it.</summary>
/// <remarks>Reference: RFC 7578. The file is not held in memory here.</remarks>
internal sealed class FormContent : BinaryContent
{
    private const int BoundaryLength = 60;

    private readonly FileSource _source;
    private readonly byte[] _before;
    private readonly byte[] _behind;

    /// <param name="fields">The fields.</param>
    /// <param name="name">Name of the field the file goes under.</param>
    /// <param name="fileName">Name of the file; see <see cref="FileNames"/>.</param>
    /// <param name="fileType">Media type of the file.</param>
    /// <param name="source">The file.</param>
    public FormContent(IEnumerable<FormField> fields, string name, string fileName, string fileType, FileSource source)
    {
        _source = source;
        string boundary = RandomNumberGenerator.GetHexString(BoundaryLength, lowercase: true);
        (_before, _behind) = Around(boundary, fields, name, fileName, fileType);
        ContentType = $"multipart/form-data; boundary={boundary}";
        MediaType = ContentType;
    }

    /// <summary>Value of the <c>Content-Type</c> header.</summary>
    public string ContentType { get; }

    /// <summary>How many bytes such a form has beside the file.</summary>
    public static int OverheadOf(IEnumerable<FormField> fields, string name, string fileName, string fileType)
    {
        (byte[] before, byte[] behind) = Around(new string('0', BoundaryLength), fields, name, fileName, fileType);
        return before.Length + behind.Length;
    }

    public override bool TryComputeLength(out long length)
    {
        length = _before.Length + _behind.Length + (_source.Length ?? 0);
        return _source.Length is not null;
    }

    public override async Task WriteToAsync(Stream stream, CancellationToken cancellationToken = default)
    {
        await stream.WriteAsync(_before, cancellationToken).ConfigureAwait(false);
        await _source.CopyToAsync(stream, async: true, cancellationToken).ConfigureAwait(false);
        await stream.WriteAsync(_behind, cancellationToken).ConfigureAwait(false);
    }

    public override void WriteTo(Stream stream, CancellationToken cancellationToken = default)
    {
        stream.Write(_before);
        _source.CopyToAsync(stream, async: false, cancellationToken).Completed();
        stream.Write(_behind);
    }

    public override void Dispose()
    {
        // The stream is the caller's.
    }

    private static (byte[] Before, byte[] Behind) Around(
        string boundary, IEnumerable<FormField> fields, string name, string fileName, string fileType)
    {
        StringBuilder before = new();
        foreach (FormField field in fields)
        {
            _ = before.Append(CultureInfo.InvariantCulture, $"--{boundary}\r\nContent-Disposition: form-data; name=\"{field.Name}\"\r\n\r\n{field.Value}\r\n");
        }

        _ = before.Append(
            CultureInfo.InvariantCulture,
            $"--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{fileName}\"\r\nContent-Type: {fileType}\r\n\r\n");
        return (Encoding.UTF8.GetBytes(before.ToString()), Encoding.UTF8.GetBytes($"\r\n--{boundary}--\r\n"));
    }
}
