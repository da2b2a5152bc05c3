using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Encryption;

/// <summary>Replaces every top-level value that is not on the plain list by its sealed form; all other bytes stay.</summary>
internal static class JsonSealer
{
    /// <summary>Seals in the order of escaped names, writes in document order.</summary>
    public static PooledBytes Seal(ReadOnlySpan<byte> document, JsonIndex index, PlainNames plain, ExchangeCipher cipher)
    {
        PooledBytes output = new(Layout(document.Length, index, plain, cipher), isSecret: false);
        try
        {
            JsonRewriter.CopyAround(document, index.Members, output);
            foreach (int i in index.Order)
            {
                ref readonly JsonMember member = ref index.Members[i];
                if (member.OutputLength >= 0)
                {
                    cipher.Seal(member.Value(document), output.Span.Slice(member.OutputStart, member.OutputLength));
                }
            }

            return output;
        }
        catch
        {
            output.Dispose();
            throw;
        }
    }

    private static int Layout(int documentLength, JsonIndex index, PlainNames plain, ExchangeCipher cipher)
    {
        int length = documentLength;
        foreach (ref JsonMember member in index.Members)
        {
            bool stays = plain.Contains(index.Name(member));
            member.OutputLength = stays ? JsonRewriter.Stays : cipher.SealedLength(member.ValueLength);
            length = stays ? length : checked(length + member.OutputLength - member.ValueLength);
        }

        return length;
    }
}
