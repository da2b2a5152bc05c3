using System.Buffers;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Encryption.Multipart;

/// <summary>Creates and reads the text between the parts of a form. It is sent in the clear, so new boundaries are random.</summary>
internal static class FormBoundary
{
    public const string MediaType = "multipart/form-data";

    private const int MaxLength = 70;
    private const int RandomBytes = 30;

    // RFC 2046, section 5.1.1, without the space.
    private static readonly SearchValues<char> Characters = SearchValues.Create(MemberNames.LettersAndDigits + "'()+_,-./:=?");
    private static readonly SearchValues<char> Plain = SearchValues.Create(MemberNames.LettersAndDigits);

    /// <summary>A boundary that cannot be guessed: 60 characters of 0-9 a-f.</summary>
    public static string New() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(RandomBytes));

    /// <summary>Random letters and digits that replace a boundary of the same length.</summary>
    public static string NewOfLength(int length) => RandomNumberGenerator.GetString(MemberNames.LettersAndDigits, length);

    public static string ContentType(string boundary) => $"{MediaType}; boundary={boundary}";

    /// <summary>Reads the boundary from a <c>Content-Type</c> that is multipart/form-data with a boundary and nothing else.</summary>
    public static bool TryRead(string? contentType, out string boundary)
    {
        boundary = "";
        if (!MediaTypeHeaderValue.TryParse(contentType, out MediaTypeHeaderValue? type)
            || !string.Equals(type.MediaType, MediaType, StringComparison.OrdinalIgnoreCase) || type.Parameters.Count != 1)
        {
            return false;
        }

        NameValueHeaderValue parameter = type.Parameters.Single();
        string value = parameter.Value ?? "";
        boundary = value.Length >= 2 && value[0] == '"' && value[^1] == '"' ? value[1..^1] : value;
        return string.Equals(parameter.Name, "boundary", StringComparison.OrdinalIgnoreCase) &&
            boundary.Length is > 0 and <= MaxLength && !boundary.AsSpan().ContainsAnyExcept(Characters);
    }

    /// <summary>Returns whether a <c>Content-Type</c> has exactly the form that this library writes, with a boundary of letters and digits.</summary>
    public static bool IsOurs(string contentType) =>
        TryRead(contentType, out string boundary) && contentType == ContentType(boundary) && !boundary.AsSpan().ContainsAnyExcept(Plain);
}
