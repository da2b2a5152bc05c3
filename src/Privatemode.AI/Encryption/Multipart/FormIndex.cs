using System.Text;

namespace Privatemode.AI.Encryption.Multipart;

/// <summary>The parts of a form (multipart/form-data), as byte ranges.</summary>
/// <remarks>
/// Strict, so that two readers never see two different forms: CRLF only, nothing before the first boundary and nothing after the last, only the
/// headers <c>Content-Disposition</c> and <c>Content-Type</c>, and no value in which a more liberal reader would find a boundary.
/// References: RFC 2046 section 5.1, RFC 7578.
/// </remarks>
internal sealed class FormIndex
{
    /// <summary>The maximum number of parts; a transcription has eight.</summary>
    public const int MaxParts = 256;

    private readonly List<FormPart> _parts = [];
    private readonly List<int> _boundaries = [];

    private FormIndex()
    {
    }

    /// <summary>The parts in the order of the form.</summary>
    public IReadOnlyList<FormPart> Parts => _parts;

    /// <summary>The positions of the boundary's text.</summary>
    public IReadOnlyList<int> Boundaries => _boundaries;

    /// <summary>Parts in the order of encryption: fields by the bytes of their names, then files likewise.</summary>
    public IReadOnlyList<FormPart> Ordered { get; private set; } = [];

    /// <summary>Whether two parts have the same name.</summary>
    public bool HasRepeats
    {
        get
        {
            for (int i = 0; i < _parts.Count; i++)
            {
                if (Find(_parts[i].Name) != _parts[i])
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>The first part with this name, or null.</summary>
    public FormPart? Find(ReadOnlySpan<byte> name)
    {
        foreach (FormPart part in _parts)
        {
            if (name.SequenceEqual(part.Name))
            {
                return part;
            }
        }

        return null;
    }

    /// <summary>Reads a form. The index is empty unless the result is <see cref="FormShape.Usable"/>.</summary>
    public static FormShape Read(ReadOnlySpan<byte> body, string boundary, out FormIndex index)
    {
        index = new FormIndex();
        FormShape shape = index.ReadParts(body, Encoding.ASCII.GetBytes($"\n--{boundary}"));
        if (shape != FormShape.Usable)
        {
            index = new FormIndex();
            return shape;
        }

        index.Ordered = [.. index._parts.OrderBy(part => part.IsFile).ThenBy(part => part.Name, ByteOrder.Instance)];
        return FormShape.Usable;
    }

    private FormShape ReadParts(ReadOnlySpan<byte> body, ReadOnlySpan<byte> delimiter)
    {
        ReadOnlySpan<byte> dashes = delimiter[1..];
        if (!body.StartsWith(dashes))
        {
            return FormShape.Malformed;
        }

        int at = dashes.Length;
        _boundaries.Add(2);
        while (!IsEnd(body[at..]))
        {
            if (_parts.Count == MaxParts)
            {
                return FormShape.TooManyParts;
            }

            if (!body[at..].StartsWith("\r\n"u8) || !PartHead.TryRead(body[(at + 2)..], out byte[] name, out bool isFile, out int head))
            {
                return FormShape.Malformed;
            }

            int start = at + 2 + head;
            int next = body[start..].IndexOf(delimiter);

            // A boundary directly at the start, or after a bare line feed, ends the value for some readers but not for others.
            if (next < 1 || body[start + next - 1] != (byte)'\r' || body[start..].StartsWith(dashes))
            {
                return FormShape.Malformed;
            }

            _parts.Add(new FormPart(name, isFile, at + 2, new ValueRange(start, next - 1)));
            at = start + next + delimiter.Length;
            _boundaries.Add(start + next + 3);
        }

        return _parts.Count > 0 ? FormShape.Usable : FormShape.Malformed;
    }

    private static bool IsEnd(ReadOnlySpan<byte> rest) => rest.SequenceEqual("--\r\n"u8) || rest.SequenceEqual("--"u8);

    private sealed class ByteOrder : IComparer<byte[]>
    {
        public static ByteOrder Instance { get; } = new();

        public int Compare(byte[]? x, byte[]? y) => x.AsSpan().SequenceCompareTo(y);
    }
}

/// <summary>One part of a form: its name in UTF-8, whether it has a nonempty file name, and the positions of its headers and its value.</summary>
internal sealed record FormPart(byte[] Name, bool IsFile, int HeadStart, ValueRange Value);

/// <summary>Specifies whether a form can be split into parts unambiguously.</summary>
internal enum FormShape
{
    Usable,

    /// <summary>Two readers could understand the form differently.</summary>
    Malformed,

    /// <summary>More parts than <see cref="FormIndex.MaxParts"/>.</summary>
    TooManyParts,
}

/// <summary>Reads the headers of one part of a form.</summary>
internal static class PartHead
{
    /// <summary>The maximum length of the headers of a part, in bytes.</summary>
    public const int MaxLength = 8 * 1024;

    /// <summary>Reads headers including the empty line after them; false unless every reader understands them alike.</summary>
    public static bool TryRead(ReadOnlySpan<byte> rest, out byte[] name, out bool isFile, out int length)
    {
        (name, isFile) = ([], false);
        ReadOnlySpan<byte> window = rest[..Math.Min(rest.Length, MaxLength)];
        int end = window.IndexOf("\r\n\r\n"u8);
        length = end + 4;
        if (end <= 0)
        {
            return false;
        }

        bool hasDisposition = false;
        bool hasType = false;
        foreach (Range range in window[..end].Split("\r\n"u8))
        {
            ReadOnlySpan<byte> line = window[..end][range];
            int colon = line.IndexOf((byte)':');
            if (colon <= 0 || line.ContainsAnyInRange((byte)0, (byte)0x1F) || line.Contains((byte)0x7F))
            {
                return false;
            }

            ReadOnlySpan<byte> value = line[(colon + 1)..].Trim((byte)' ');
            if (Ascii.EqualsIgnoreCase(line[..colon], "Content-Disposition"u8))
            {
                if (hasDisposition || !DispositionReader.TryRead(value, out name, out isFile))
                {
                    return false;
                }

                hasDisposition = true;
            }
            else if (!Ascii.EqualsIgnoreCase(line[..colon], "Content-Type"u8) || hasType)
            {
                // Another header may change the meaning of the value, and the service needs no other.
                return false;
            }
            else
            {
                hasType = true;
            }
        }

        return hasDisposition;
    }
}
