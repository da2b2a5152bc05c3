using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Privatemode.AI.Testing.Enclave;

/// <summary>A form as the model server sees it.</summary>
internal sealed class OpenedForm
{
    private readonly List<Part> _parts = [];

    /// <summary>Fields and files as they came.</summary>
    public IReadOnlyList<Part> Parts => _parts;

    /// <summary>Takes a form apart, with a reader that shares nothing with the client's.</summary>
    /// <exception cref="EnclaveException">It is no form.</exception>
    public static OpenedForm Read(ReadOnlyMemory<byte> body, string? contentType)
    {
        OpenedForm form = new();
        try
        {
            string boundary = HeaderUtilities.RemoveQuotes(MediaTypeHeaderValue.Parse(contentType).Boundary).ToString();
            using MemoryStream stream = new(body.ToArray());
            MultipartReader reader = new(boundary, stream);
            while (reader.ReadNextSectionAsync().GetAwaiter().GetResult() is { } section)
            {
                using MemoryStream value = new();
                section.Body.CopyTo(value);
                ContentDispositionHeaderValue disposition = section.GetContentDispositionHeader()
                    ?? throw new EnclaveException(400, "a part of the form has no name");
                string file = HeaderUtilities.RemoveQuotes(disposition.FileName).ToString();
                form._parts.Add(new Part(
                    HeaderUtilities.RemoveQuotes(disposition.Name).ToString(), file.Length > 0 ? file : null, section.ContentType, value.ToArray()));
            }
        }
        catch (Exception exception) when (exception is FormatException or IOException or InvalidDataException or ArgumentException)
        {
            throw new EnclaveException(400, "the form cannot be read");
        }

        return form;
    }

    /// <summary>Replaces values by their plaintext in the order of sealing: fields by name, then files by name.</summary>
    public void Open(Func<string, bool> isPlain, Func<byte[], byte[]> open)
    {
        IEnumerable<Part> order = _parts.Where(part => !isPlain(part.Name)).OrderBy(part => part.FileName is not null)
            .ThenBy(part => Convert.ToHexString(Encoding.UTF8.GetBytes(part.Name)), StringComparer.Ordinal);
        foreach (Part part in order.ToList())
        {
            _parts[_parts.IndexOf(part)] = part with { Value = open(part.Value) };
        }
    }

    /// <summary>Values by name; those of repeated names joined by line feeds.</summary>
    public IReadOnlyDictionary<string, ReadOnlyMemory<byte>> ToFields() => _parts.GroupBy(part => part.Name).ToDictionary(
        group => group.Key,
        group => (ReadOnlyMemory<byte>)group.Select(part => part.Value).Aggregate((first, next) => [.. first, (byte)'\n', .. next]),
        StringComparer.Ordinal);

    /// <summary>A JSON object with the texts of the fields, and of each file its name, type and size.</summary>
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

    /// <summary>One part.</summary>
    internal sealed record Part(string Name, string? FileName, string? ContentType, byte[] Value);
}
