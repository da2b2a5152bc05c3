using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Privatemode.AI.Testing.Enclave;

/// <summary>A form as the model server receives it.</summary>
internal sealed class DecryptedForm
{
    private readonly List<Part> _parts = [];

    /// <summary>The fields and files.</summary>
    public IReadOnlyList<Part> Parts => _parts;

    /// <summary>Parses a form, independently of the client's parser. Parts without a name are left out.</summary>
    /// <exception cref="InvalidDataException">The body is not a form. The message is that of the service.</exception>
    public static DecryptedForm Read(ReadOnlyMemory<byte> body, string? contentType)
    {
        DecryptedForm form = new();
        MultipartReader reader = new(Boundary(contentType), new MemoryStream(body.ToArray()));
        try
        {
            while (reader.ReadNextSectionAsync().GetAwaiter().GetResult() is { } section)
            {
                using MemoryStream value = new();
                section.Body.CopyTo(value);
                ContentDispositionHeaderValue? disposition = section.GetContentDispositionHeader();
                string name = HeaderUtilities.RemoveQuotes(disposition?.Name ?? default).ToString();
                string file = disposition?.FileNameStar is { Length: > 0 } star ? star.ToString()
                    : HeaderUtilities.RemoveQuotes(disposition?.FileName ?? default).ToString();
                if (name.Length > 0 && disposition!.DispositionType.Equals("form-data", StringComparison.OrdinalIgnoreCase))
                {
                    form._parts.Add(new Part(name, file.Length > 0 ? file : null, section.ContentType, value.ToArray()));
                }
            }
        }
        catch (Exception exception) when (exception is FormatException or IOException or InvalidDataException or ArgumentException)
        {
            throw new InvalidDataException("parsing form: multipart: NextPart: EOF");
        }

        return form;
    }

    /// <summary>Decrypts the fields in the order of their names, then the files. If several fields or several files have the same name, only the first is kept.
    /// The file name of a file becomes the name of its field.</summary>
    /// <param name="isPlain">Returns whether a part with this name is not encrypted.</param>
    /// <param name="open">Decrypts a value. The second argument describes its position in an error, in the service's words.</param>
    public void Open(Func<string, bool> isPlain, Func<byte[], string, byte[]> open)
    {
        Part[] order = [.. _parts.DistinctBy(part => (part.Name, part.FileName is null)).OrderBy(part => part.FileName is not null)
            .ThenBy(part => Convert.ToHexString(Encoding.UTF8.GetBytes(part.Name)), StringComparer.Ordinal)];
        _parts.Clear();
        foreach (Part part in order)
        {
            string where = $"mutating form {(part.FileName is null ? "field" : "file")} {GoText.Quote(part.Name)}: ";
            byte[] value = isPlain(part.Name) ? part.Value : open(part.Value, $"mutating form: {where}{where}");
            _parts.Add(part.FileName is null ? part with { Value = value } : new Part(part.Name, part.Name, "application/octet-stream", value));
        }
    }

    /// <summary>Returns the values by name. Values with the same name are joined by line feeds.</summary>
    public IReadOnlyDictionary<string, ReadOnlyMemory<byte>> ToFields() => _parts.GroupBy(part => part.Name).ToDictionary(
        group => group.Key,
        group => (ReadOnlyMemory<byte>)group.Select(part => part.Value).Aggregate((first, next) => [.. first, (byte)'\n', .. next]),
        StringComparer.Ordinal);

    /// <summary>Returns a JSON object with the texts of the fields, and the name, type and size of each file.</summary>
    public string ToJson()
    {
        JsonObject json = [];
        foreach (Part part in _parts)
        {
            json[part.Name] = part.FileName is null
                ? Encoding.UTF8.GetString(part.Value)
                : new JsonObject { ["filename"] = part.FileName, ["content_type"] = part.ContentType, ["bytes"] = part.Value.Length };
        }

        return json.ToJsonString();
    }

    private static string Boundary(string? contentType)
    {
        const string NoForm = "request Content-Type isn't multipart/form-data";
        string? why = !MediaTypeHeaderValue.TryParse(contentType, out MediaTypeHeaderValue? type) ? NoForm
            : !type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase)
                && !type.MediaType.Equals("multipart/mixed", StringComparison.OrdinalIgnoreCase) ? NoForm
            : type.Boundary.Length == 0 ? "no multipart boundary param in Content-Type"
            : null;
        return why is null ? HeaderUtilities.RemoveQuotes(type!.Boundary).ToString()
            : throw new InvalidDataException($"parsing Content-Type header: {why}");
    }

    /// <summary>A field or a file of the form.</summary>
    internal sealed record Part(string Name, string? FileName, string? ContentType, byte[] Value);
}
