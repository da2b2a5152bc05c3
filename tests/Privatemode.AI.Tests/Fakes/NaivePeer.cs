using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Privatemode.AI.Tests.Fakes;

/// <summary>Opens sealed requests as the protocol page says, with strings and a DOM: an oracle that shares no code with the library.</summary>
internal static class NaivePeer
{
    /// <summary>Names in the order of sealing: by the UTF-8 bytes of the name in which <c>. ? *</c> are preceded by a backslash.</summary>
    public static string[] Ordered(IEnumerable<string> names) =>
        [.. names.OrderBy(name => Convert.ToHexString(Encoding.UTF8.GetBytes(Escaped(name))), StringComparer.Ordinal)];

    /// <summary>The raw text of each sealed value, opened in order; fails when one does not open under its number.</summary>
    public static Dictionary<string, string> Open(string wire, byte[] key, IEnumerable<string> plain)
    {
        using JsonDocument document = JsonDocument.Parse(wire, new JsonDocumentOptions { MaxDepth = 256 });
        Dictionary<string, JsonElement> members = document.RootElement.EnumerateObject().ToDictionary(member => member.Name, member => member.Value);
        uint sequence = 0;
        return Ordered(members.Keys.Except(plain)).ToDictionary(name => name, name => Open(members[name].GetRawText(), key, sequence++));
    }

    /// <summary>Opens one value under its number.</summary>
    public static string Open(string encryptedValue, byte[] key, uint sequence) => Encoding.UTF8.GetString(OpenBytes(encryptedValue, key, sequence));

    public static byte[] OpenBytes(string encryptedValue, byte[] key, uint sequence)
    {
        string[] parts = encryptedValue[1..^1].Split(':');
        byte[] aad = [.. Convert.FromHexString(parts[1]), 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt32LittleEndian(aad.AsSpan(12), sequence);
        byte[] ciphertext = Convert.FromHexString(parts[3]);
        byte[] plaintext = new byte[ciphertext.Length - 16];
        using AesGcm aes = new(key, 16);
        aes.Decrypt(Convert.FromHexString(parts[2]), ciphertext.AsSpan(0, plaintext.Length), ciphertext.AsSpan(plaintext.Length), plaintext, aad);
        return plaintext;
    }

    private static string Escaped(string name) => string.Concat(name.Select(letter => letter is '.' or '?' or '*' ? $"\\{letter}" : $"{letter}"));
}
