namespace Privatemode.AI.Encryption.Json;

/// <summary>Replaces the sealed top-level values of an answer by their plaintext, verified and in order.</summary>
internal static class JsonOpener
{
    /// <summary>
    /// Opens a document already indexed. On success the index describes <paramref name="output"/>, not the document any more.
    /// </summary>
    /// <returns>How it went; the output is worthless unless <see cref="AnswerFault.None"/>.</returns>
    public static AnswerFault Open(ReadOnlySpan<byte> document, JsonIndex index, PlainNames plain, ExchangeCipher cipher, PooledBytes output)
    {
        output.Clear();
        AnswerFault fault = Layout(document, index, plain);
        if (fault != AnswerFault.None)
        {
            return fault;
        }

        JsonRewriter.CopyAround(document, index.Members, output);
        foreach (int i in index.Order)
        {
            ref readonly JsonMember member = ref index.Members[i];
            if (member.OutputLength == JsonRewriter.Stays)
            {
                continue;
            }

            OpenResult result = cipher.Open(member.Value(document), output.Span.Slice(member.OutputStart, member.OutputLength));
            if (result != OpenResult.Opened)
            {
                output.Clear();
                return AnswerFaults.From(result);
            }
        }

        Rebase(index.Members, output.Span);
        return AnswerFault.None;
    }

    /// <summary>Every member that is not plain must be sealed, and at least one must be there.</summary>
    private static AnswerFault Layout(ReadOnlySpan<byte> document, JsonIndex index, PlainNames plain)
    {
        bool anySealed = false;
        foreach (ref JsonMember member in index.Members)
        {
            if (plain.Contains(index.Name(member)))
            {
                member.OutputLength = JsonRewriter.Stays;
                continue;
            }

            member.OutputLength = ExchangeCipher.PlaintextLength(member.Value(document));
            if (member.OutputLength < 0)
            {
                return AnswerFault.UnsealedMember;
            }

            anySealed = true;
        }

        return anySealed ? AnswerFault.None : AnswerFault.NothingSealed;
    }

    private static void Rebase(Span<JsonMember> members, ReadOnlySpan<byte> opened)
    {
        int shift = 0;
        foreach (ref JsonMember member in members)
        {
            if (member.OutputLength == JsonRewriter.Stays)
            {
                member.ValueStart += shift;
                continue;
            }

            shift += member.OutputLength - member.ValueLength;
            (member.ValueStart, member.ValueLength) = (member.OutputStart, member.OutputLength);
            member.Kind = JsonKind.Of(member.Value(opened));
        }
    }
}
