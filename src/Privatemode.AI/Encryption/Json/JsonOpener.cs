namespace Privatemode.AI.Encryption.Json;

/// <summary>Replaces the sealed top-level values of an answer by their plaintext, verified and in order.</summary>
internal static class JsonOpener
{
    // What is not sealed, names and white space included, is short; otherwise it would take memory twice. An array of many
    // elements has a comma for each.
    private const int MostClear = 256 * 1024;
    private const int ClearShare = 32;

    /// <summary>
    /// Opens a document already indexed. On success the index describes <paramref name="output"/>, not the document any more.
    /// </summary>
    /// <returns>How it went; the output is worthless unless <see cref="AnswerFault.None"/>.</returns>
    public static AnswerFault Open(WireText document, JsonIndex index, PlainNames plain, ExchangeCipher cipher, PooledBytes output)
    {
        output.Clear();
        AnswerFault fault = Layout(document, index, plain, out int length);
        if (fault != AnswerFault.None)
        {
            return fault;
        }

        output.Reserve(length);
        JsonRewriter.CopyAround(document, index.Members, output);
        foreach (int i in index.Order)
        {
            ref readonly JsonMember member = ref index.Members[i];
            if (member.OutputLength == JsonRewriter.Stays)
            {
                continue;
            }

            OpenResult result = cipher.Open(
                document.Slice(member.ValueStart, member.ValueLength), member.HeadLength, output.Span.Slice(member.OutputStart, member.OutputLength));
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
    private static AnswerFault Layout(WireText document, JsonIndex index, PlainNames plain, out int length)
    {
        bool anySealed = false;
        int sealedLength = 0;
        length = document.Length;
        foreach (ref JsonMember member in index.Members)
        {
            if (plain.Contains(index.Name(member)))
            {
                member.OutputLength = JsonRewriter.Stays;
                continue;
            }

            member.OutputLength = ExchangeCipher.PlaintextLength(document.Slice(member.ValueStart, member.ValueLength), out int headLength);
            member.HeadLength = headLength;
            if (member.OutputLength < 0)
            {
                return AnswerFault.UnsealedMember;
            }

            anySealed = true;
            sealedLength += member.ValueLength;
            length += member.OutputLength - member.ValueLength;
        }

        int clear = document.Length - sealedLength;
        return !anySealed ? AnswerFault.NothingSealed
            : clear > MostClear + document.Length / ClearShare ? AnswerFault.BadPlainMember
            : AnswerFault.None;
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
