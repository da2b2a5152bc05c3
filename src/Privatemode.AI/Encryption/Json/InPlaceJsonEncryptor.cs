using System.Runtime.InteropServices;

namespace Privatemode.AI.Encryption.Json;

/// <summary>Encrypts the values of a long JSON body in place. The text around them does not change.</summary>
/// <remarks>A body of 25 MiB needs no second buffer of 50 MiB, and the last check does not read the hex of its values.</remarks>
internal static class InPlaceJsonEncryptor
{
    /// <summary>Encrypts the values in the order that the protocol prescribes for names, and writes them in document order.</summary>
    /// <param name="bytes">The body.</param>
    /// <param name="index">The members of the body. Their positions do not change.</param>
    public static SegmentedBody Encrypt(InPlaceBuffer bytes, JsonIndex index, ClearNames plain, ExchangeCipher cipher)
    {
        ReadOnlySpan<JsonMember> members = index.Members;
        int[] numbers = new int[members.Length]; // of the encrypted range; -1 if it stays in the clear
        List<ValueRange> ranges = new(members.Length);
        int capacity = bytes.Span.Length;
        foreach (int i in index.Order)
        {
            bool stays = plain.Contains(index.Name(members[i]));
            numbers[i] = stays ? -1 : ranges.Count;
            if (!stays)
            {
                ranges.Add(new ValueRange(members[i].ValueStart, members[i].ValueLength));
                capacity += cipher.EncryptedLength(0) - members[i].ValueLength;
            }
        }

        InPlaceEncryption encryption = bytes.Encrypt(cipher, CollectionsMarshal.AsSpan(ranges));
        List<SegmentedBody.Gap> gaps = new(ranges.Count);
        PooledBytes text = new(capacity, isSecret: false);
        int copied = 0;
        for (int i = 0; i < members.Length; i++)
        {
            if (numbers[i] >= 0)
            {
                text.Append(bytes.Span[copied..members[i].ValueStart]);
                encryption.AppendPrefix(numbers[i], text);
                gaps.Add(new SegmentedBody.Gap(text.Length, ranges[numbers[i]]));
                encryption.AppendSuffix(numbers[i], text);
                copied = members[i].ValueEnd;
            }
        }

        text.Append(bytes.Span[copied..]);
        return new SegmentedBody(text, gaps, bytes, encryption, "application/json");
    }
}

/// <summary>The last check of a body that was encrypted in place, before it is sent. It reads the bytes that will be sent, and uses no results of the
/// encryption.</summary>
/// <remarks>
/// The text is read without the hex of ciphertext: an encrypted value then looks like that of an empty plaintext. Each place where ciphertext will be
/// filled in must be inside such a value, right before its tag, and each such value must have one.
/// </remarks>
internal static class EncryptedJsonCheck
{
    /// <summary>Returns whether a body contains only encrypted values and clear members that are allowed.</summary>
    public static bool IsEncrypted(SegmentedBody wire, ReadOnlySpan<byte> secretId, ClearMemberCheck mayBePlain)
    {
        using JsonIndex index = new();
        if (!wire.IsCiphertext || index.Read(wire.Text) != JsonShape.Usable)
        {
            return false;
        }

        int gaps = 0;
        foreach (ref readonly JsonMember member in index.Members)
        {
            ReadOnlySpan<byte> value = member.Value(wire.Text);
            if (mayBePlain(index.Name(member), value))
            {
                continue;
            }

            int end = member.ValueEnd - 1 - 2 * FieldCipher.TagSize;
            if (!EncryptedValue.IsEncryptedWith(value, secretId) || gaps == wire.Gaps.Count || wire.Gaps[gaps].At != end)
            {
                return false;
            }

            gaps++;
        }

        return gaps == wire.Gaps.Count;
    }
}
