using System.Buffers;
using System.Text;
using System.Text.Unicode;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Encryption.Multipart;

/// <summary>Reads the name of a part, and whether it is a file, from its <c>Content-Disposition</c>.</summary>
/// <remarks>References: RFC 7578 section 4.2, RFC 6266 section 4.1, RFC 8187 section 3.2.1. Names may be quoted or not.</remarks>
internal ref struct DispositionReader
{
    private const int MaxName = 256;

    // RFC 9110, section 5.6.2.
    private static readonly SearchValues<byte> Token = MemberNames.Bytes(MemberNames.LettersAndDigits + "!#$%&'*+-.^_`|~");

    private static readonly SearchValues<byte> NotInNames = SearchValues.Create("\"\\"u8);

    private ReadOnlySpan<byte> _rest;
    private byte[]? _name;
    private bool _hasFileName;
    private bool _hasWideFileName;
    private bool _isFile;

    private DispositionReader(ReadOnlySpan<byte> rest) => _rest = rest;

    /// <summary>Returns false if the header does not name the part unambiguously.</summary>
    public static bool TryRead(ReadOnlySpan<byte> value, out byte[] name, out bool isFile)
    {
        (name, isFile) = ([], false);
        ReadOnlySpan<byte> kind = "form-data"u8;
        if (value.Length < kind.Length || !Ascii.EqualsIgnoreCase(value[..kind.Length], kind))
        {
            return false;
        }

        DispositionReader reader = new(value[kind.Length..]);
        while (!reader._rest.IsEmpty)
        {
            if (!reader.TryReadParameter())
            {
                return false;
            }
        }

        (name, isFile) = (reader._name ?? [], reader._isFile);
        return IsName(name);
    }

    private bool TryReadParameter()
    {
        _rest = _rest.TrimStart((byte)' ');
        if (_rest.IsEmpty || _rest[0] != (byte)';')
        {
            return false;
        }

        _rest = _rest[1..].TrimStart((byte)' ');
        int equals = _rest.IndexOf((byte)'=');
        if (equals <= 0)
        {
            return false;
        }

        ReadOnlySpan<byte> label = _rest[..equals];
        _rest = _rest[(equals + 1)..];

        // A file name is content.
        using PooledBytes value = new(_rest.Length);
        return TryReadValue(value) && TryTake(label, value.Span);
    }

    /// <summary>Processes a parameter. Each can occur once. <c>name*</c> is forbidden in forms, and unknown parameters are refused because they can have any
    /// meaning.</summary>
    private bool TryTake(ReadOnlySpan<byte> label, ReadOnlySpan<byte> value)
    {
        if (Ascii.EqualsIgnoreCase(label, "name"u8))
        {
            bool isFirst = _name is null;
            _name = value.ToArray();
            return isFirst;
        }

        bool isWide = Ascii.EqualsIgnoreCase(label, "filename*"u8);
        if (!isWide && !Ascii.EqualsIgnoreCase(label, "filename"u8))
        {
            return false;
        }

        ref bool hasOne = ref isWide ? ref _hasWideFileName : ref _hasFileName;
        bool isRepeated = hasOne;
        hasOne = true;
        _isFile |= isWide || value.Length > 0;
        return !isRepeated && (!isWide || IsExtended(value));
    }

    private bool TryReadValue(PooledBytes value)
    {
        if (_rest.IsEmpty || _rest[0] != (byte)'"')
        {
            int end = _rest.IndexOfAnyExcept(Token);
            end = end < 0 ? _rest.Length : end;
            value.Append(_rest[..end]);
            _rest = _rest[end..];
            return end > 0;
        }

        for (int i = 1; i < _rest.Length; i++)
        {
            byte letter = _rest[i];
            if (letter == (byte)'"')
            {
                _rest = _rest[(i + 1)..];
                return true;
            }

            if (letter == (byte)'\\')
            {
                i++;
                if (i == _rest.Length || _rest[i] is not ((byte)'"' or (byte)'\\'))
                {
                    // Some writers put bare backslashes into paths, others escape: it is ambiguous.
                    return false;
                }

                letter = _rest[i];
            }

            value.Append(letter);
        }

        return false;
    }

    /// <summary>Returns whether a value has the form charset'language'text, with a percent-encoded text that is not empty.</summary>
    private static bool IsExtended(ReadOnlySpan<byte> value)
    {
        int first = value.IndexOf((byte)'\'');
        int second = first < 0 ? -1 : value[(first + 1)..].IndexOf((byte)'\'');
        if (second < 0 || !(Ascii.EqualsIgnoreCase(value[..first], "utf-8"u8) || Ascii.EqualsIgnoreCase(value[..first], "iso-8859-1"u8)))
        {
            return false;
        }

        ReadOnlySpan<byte> text = value[(first + second + 2)..];
        for (int i = 0; i < text.Length; i++)
        {
            bool isEscape = text[i] == (byte)'%';
            if (isEscape && (text.Length - i < 3 || !Ascii.IsValid(text.Slice(i, 3)) || !char.IsAsciiHexDigit((char)text[i + 1])
                || !char.IsAsciiHexDigit((char)text[i + 2])))
            {
                return false;
            }

            i += isEscape ? 2 : 0;
        }

        return !text.IsEmpty && text.IndexOf((byte)'\'') < 0;
    }

    /// <summary>Returns whether a name is unambiguous: text without quotation marks and backslashes that is not an encoded word as in e-mail headers.</summary>
    private static bool IsName(ReadOnlySpan<byte> name) =>
        name.Length is > 0 and <= MaxName && !name.ContainsAny(NotInNames) && !name.StartsWith("=?"u8) && Utf8.IsValid(name);
}
