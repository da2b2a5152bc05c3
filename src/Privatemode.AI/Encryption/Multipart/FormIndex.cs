using System.Text;

namespace Privatemode.AI.Encryption.Multipart;

/// <summary>The parts of a form (multipart/form-data), as byte ranges.</summary>
/// <remarks>
/// Strict, because two readers must never see two forms: CRLF only, nothing before the first boundary and nothing after the last, only the
/// headers <c>Content-Disposition</c> and <c>Content-Type</c>, and no value in which a more liberal reader would find a boundary.
/// References: RFC 2046 section 5.1, RFC 7578.
/// </remarks>
internal sealed class FormIndex
{
    /// <summary>Most parts accepted; a transcription has eight.</summary>
    public const int MaxParts = 256;

    private readonly List<FormPart> _parts = [];
    private readonly List<int> _boundaries = [];

    private FormIndex()
    {
    }

    /// <summary>Parts as they come.</summary>
    public IReadOnlyList<FormPart> Parts => _parts;

    /// <summary>Where the text of the boundary stands, each time.</summary>
    public IReadOnlyList<int> Boundaries => _boundaries;

    /// <summary>Parts in the order of encryption: fields by the bytes of their names, then files likewise.</summary>
    public IReadOnlyList<FormPart> Ordered { get; private set; } = [];

    /// <summary>Two parts have the same name.</summary>
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

    /// <summary>Takes a form apart; the index is empty after anything but <see cref="FormShape.Usable"/>.</summary>
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

            // A boundary right at the start, or behind a bare line feed, ends the value for some readers and not for others.
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

/// <summary>One part of a form: its name in UTF-8, whether it carries a file name that is not empty, and where its headers and its value lie.</summary>
internal sealed record FormPart(byte[] Name, bool IsFile, int HeadStart, ValueRange Value);

/// <summary>Whether a form can be taken apart without doubt.</summary>
internal enum FormShape
{
    Usable,

    /// <summary>Not what every reader would understand alike.</summary>
    Malformed,

    /// <summary>More parts than <see cref="FormIndex.MaxParts"/>.</summary>
    TooManyParts,
}

/// <summary>Reads the headers of one part of a form.</summary>
internal static class PartHead
{
    /// <summary>Longest headers of a part accepted, in bytes.</summary>
    public const int MaxLength = 8 * 1024;

    /// <summary>Reads headers up to and with the empty line after them; false when they are not such that every reader takes them alike.</summary>
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
                // Another header may change what the value means, and the service needs no other.
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
