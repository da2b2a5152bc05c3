using System.Text.RegularExpressions;
using Privatemode.AI.Encryption;

namespace Privatemode.AI.Tests.Encryption;

/// <summary>Compares an encrypted text with that of a vector, which was encrypted under other IVs.</summary>
internal static class KnownAnswer
{
    /// <summary>
    /// The text around the ciphertexts must be equal, and at each place must be the same plaintext under the same number. The cipher, given the IV of
    /// the vector, must make the ciphertext of the vector.
    /// </summary>
    /// <returns>The numbers of the values, in the order of the text.</returns>
    public static ulong[] AssertSame(string expected, string actual, AesGcmKey key, byte[] nonce)
    {
        Regex values = new($"{Convert.ToHexStringLower(nonce)}:([0-9a-f]{{24}}):([0-9a-f]{{32,}})");
        Assert.Equal(Layout(values, expected), Layout(values, actual));
        Value[] vector = Values(values, expected);
        Value[] made = Values(values, actual);
        using FieldCipher cipher = new(key, nonce);
        ulong[] numbers = [.. vector.Zip(made, (one, other) => NumberOf(cipher, one, other, vector.Length))];
        Assert.Equal(numbers.Length, numbers.Distinct().Count());
        Assert.Equal(2 * numbers.Length, vector.Concat(made).Select(value => Convert.ToHexString(value.Iv)).Distinct().Count());
        return numbers;
    }

    private static string Layout(Regex values, string text) => values.Replace(text, match => $"nonce:iv:{match.Groups[2].Length}");

    private static Value[] Values(Regex values, string text) => [.. values.Matches(text).Select(match =>
        new Value(Convert.FromHexString(match.Groups[1].Value), Convert.FromHexString(match.Groups[2].Value)))];

    private static ulong NumberOf(FieldCipher cipher, Value vector, Value made, int count)
    {
        byte[] plaintext = new byte[vector.Ciphertext.Length - FieldCipher.TagSize];
        ulong number = 0;
        while (!cipher.TryDecrypt(number, vector.Iv, vector.Ciphertext, plaintext))
        {
            Assert.True(++number < (ulong)count, "A value of the vector has no number.");
        }

        byte[] ciphertext = new byte[vector.Ciphertext.Length];
        cipher.Encrypt(number, vector.Iv, plaintext, ciphertext);
        Assert.Equal(vector.Ciphertext, ciphertext);
        byte[] decrypted = new byte[plaintext.Length];
        Assert.True(cipher.TryDecrypt(number, made.Iv, made.Ciphertext, decrypted), $"Value {number} is not the one of the vector.");
        Assert.Equal(plaintext, decrypted);
        return number;
    }

    private sealed record Value(byte[] Iv, byte[] Ciphertext);
}
