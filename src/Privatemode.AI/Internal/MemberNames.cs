using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Privatemode.AI.Internal;

/// <summary>Rules for names of members, names of form fields, model IDs and digests. Names and model IDs are sent in the clear.</summary>
internal static class MemberNames
{
    public const string LettersAndDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    public const string HexDigits = "0123456789abcdefABCDEF";

    /// <summary>The allowed names of members of a JSON body, for messages.</summary>
    public const string MemberRule = "1 to 64 of A-Z a-z 0-9 _";

    /// <summary>The allowed names of form fields, for messages.</summary>
    public const string FieldRule = MemberRule + " [ ]";

    /// <summary>The allowed model IDs, for messages.</summary>
    public const string ModelRule = "1 to 128 of A-Z a-z 0-9 . _ / -";

    /// <summary>Why a model ID that looks like an API key is refused, for messages.</summary>
    public const string ApiKeyFault =
        "looks like an API key, which is not sent as a model ID. Check the order of the arguments and the setting that it comes from.";

    private const int MaxNameLength = 64;
    private const int MaxModelLength = 128;
    private const int Sha256Digits = 64;
    private const int MinKeyDigits = 32;
    private const string MemberAlphabet = LettersAndDigits + "_";
    private const string FieldAlphabet = MemberAlphabet + "[]";

    private static readonly SearchValues<char> MemberCharacters = SearchValues.Create(MemberAlphabet);
    private static readonly SearchValues<byte> MemberBytes = Bytes(MemberAlphabet);
    private static readonly SearchValues<char> FieldCharacters = SearchValues.Create(FieldAlphabet);
    private static readonly SearchValues<byte> FieldBytes = Bytes(FieldAlphabet);
    private static readonly SearchValues<char> ModelCharacters = SearchValues.Create(LettersAndDigits + "._/-");

    /// <summary>The bytes of ASCII characters, to search for.</summary>
    public static SearchValues<byte> Bytes(string characters) => SearchValues.Create(Encoding.ASCII.GetBytes(characters));

    public static bool IsMember(ReadOnlySpan<char> name) => name.Length is > 0 and <= MaxNameLength && !name.ContainsAnyExcept(MemberCharacters);

    public static bool IsMember(ReadOnlySpan<byte> name) => name.Length is > 0 and <= MaxNameLength && !name.ContainsAnyExcept(MemberBytes);

    public static bool IsField(ReadOnlySpan<char> name) => name.Length is > 0 and <= MaxNameLength && !name.ContainsAnyExcept(FieldCharacters);

    public static bool IsField(ReadOnlySpan<byte> name) => name.Length is > 0 and <= MaxNameLength && !name.ContainsAnyExcept(FieldBytes);

    /// <summary>Returns whether a name of any length consists of the characters of <see cref="MemberRule"/>.</summary>
    public static bool HasMemberBytesOnly(ReadOnlySpan<byte> name) => !name.ContainsAnyExcept(MemberBytes);

    public static bool IsModel(ReadOnlySpan<char> id) => id.Length is > 0 and <= MaxModelLength && !id.ContainsAnyExcept(ModelCharacters);

    /// <summary>Whether text is probably an API key: a GUID, a long hexadecimal number, or a text that begins like the keys of other services.</summary>
    /// <remarks>Privatemode.AI.SemanticKernel compiles this file too, so that both packages recognize the same keys.</remarks>
    public static bool LooksLikeApiKey(string text) => Guid.TryParse(text, out _)
        || (text.Length >= MinKeyDigits && text.All(char.IsAsciiHexDigit)) || text.StartsWith("sk-", StringComparison.Ordinal);

    /// <summary>Whether text is a SHA-256 digest: 64 hexadecimal digits.</summary>
    public static bool IsSha256([NotNullWhen(true)] string? text) => text is { Length: Sha256Digits } && text.All(char.IsAsciiHexDigit);

    /// <summary>Whether text is a SHA-256 digest as this library writes it: 64 hexadecimal digits, in lower case.</summary>
    public static bool IsLowerSha256(string text) => text.Length == Sha256Digits && text.All(char.IsAsciiHexDigitLower);
}
