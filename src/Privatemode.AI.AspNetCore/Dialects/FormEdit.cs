using System.Text;
using Microsoft.Net.Http.Headers;
using Privatemode.AI.AspNetCore.Internal;
using Privatemode.AI.AspNetCore.Models;

namespace Privatemode.AI.AspNetCore.Dialects;

/// <summary>Edits the forms of transcriptions: the model is replaced, and all other bytes stay the same.</summary>
/// <remarks>The library accepts only forms that can be read in one way. A form that this reader cannot read is passed to the library, which refuses
/// it.</remarks>
internal static class FormEdit
{
    private const int MaxFieldLength = 256;
    private const int MaxHeadLength = 16 * 1024;
    private const int MaxFields = 1000;

    /// <summary>Writes the form for the service, if anything has to be changed.</summary>
    /// <param name="body">The whole form.</param>
    /// <param name="boundary">The boundary of the form, which has been checked.</param>
    /// <param name="context">The settings of the proxy, and the caller.</param>
    /// <param name="target">The buffer that receives the edited form.</param>
    /// <exception cref="PrivatemodeRequestException">The form names no model or several models, or requests a format that is not supported.</exception>
    public static EditResult Edit(ReadOnlyMemory<byte> body, string boundary, EditContext context, PooledBuffer target)
    {
        ReadOnlySpan<byte> form = body.Span;
        (Range? model, bool isStream) = (null, false);
        foreach ((string? name, Range value) in Fields(body, boundary))
        {
            switch (name)
            {
                case "model":
                    model = model is null ? value : throw new PrivatemodeRequestException("model", "The form has more than one field 'model'.");
                    break;
                case "stream":
                    isStream |= Text(form[value]) is "true" or "True" or "1";
                    break;
                case "response_format" when Text(form[value]) is "srt" or "vtt" or "text":
                    throw new PrivatemodeRequestException("response_format", "'response_format' must be json or verbose_json.");
            }
        }

        string asked = ModelNames.Require(model is { } range ? Text(form[range]) : null);
        string resolved = context.Models.Resolve(asked, ModelTask.Transcription);
        if (resolved != asked)
        {
            target.Append(form[..model!.Value.Start]);
            target.Append(Encoding.ASCII.GetBytes(resolved));
            target.Append(form[model.Value.End..]);
        }

        return new EditResult { IsChanged = resolved != asked, RequestedModel = asked, Model = resolved, IsStream = isStream };
    }

    /// <summary>The first model that a form names, or null.</summary>
    public static string? ModelOf(ReadOnlyMemory<byte> body, string boundary)
    {
        foreach ((string? name, Range value) in Fields(body, boundary))
        {
            if (name == "model")
            {
                return Text(body.Span[value]);
            }
        }

        return null;
    }

    /// <summary>The parts of a form and the ranges of their values. The name is null for a file.</summary>
    private static List<(string? Name, Range Value)> Fields(ReadOnlyMemory<byte> body, string boundary)
    {
        List<(string?, Range)> fields = [];
        byte[] first = Encoding.ASCII.GetBytes($"--{boundary}\r\n");
        byte[] delimiter = Encoding.ASCII.GetBytes($"\r\n--{boundary}");
        ReadOnlySpan<byte> form = body.Span;
        if (!form.StartsWith(first))
        {
            return fields;
        }

        int position = first.Length;
        while (fields.Count < MaxFields)
        {
            int head = form[position..].IndexOf("\r\n\r\n"u8);
            int end = form[position..].IndexOf(delimiter);
            if (head < 0 || end < head + 2)
            {
                return fields;
            }

            // An empty value begins where its delimiter does, which shares a line break with the end of the head.
            int start = Math.Min(head + 4, end);
            fields.Add((NameOf(form.Slice(position, head)), (position + start)..(position + end)));

            position += end + delimiter.Length;
            if (!form[position..].StartsWith("\r\n"u8))
            {
                return fields;
            }

            position += 2;
        }

        return fields;
    }

    private static string? NameOf(ReadOnlySpan<byte> head)
    {
        const string Disposition = "content-disposition:";
        if (head.Length > MaxHeadLength)
        {
            return null;
        }

        foreach (string line in Encoding.UTF8.GetString(head).Split("\r\n"))
        {
            if (line.StartsWith(Disposition, StringComparison.OrdinalIgnoreCase) &&
                ContentDispositionHeaderValue.TryParse(line[Disposition.Length..].Trim(), out ContentDispositionHeaderValue? disposition) &&
                !disposition.FileName.HasValue)
            {
                return HeaderUtilities.RemoveQuotes(disposition.Name).Value;
            }
        }

        return null;
    }

    private static string? Text(ReadOnlySpan<byte> value) => value.Length > MaxFieldLength ? null : Encoding.UTF8.GetString(value);
}
