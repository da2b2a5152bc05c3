namespace Privatemode.AI.Encryption.Json;

/// <summary>Copies a document and leaves room for the values that are replaced.</summary>
internal static class JsonRewriter
{
    /// <summary>Output length of a member whose value is copied as it stands.</summary>
    public const int Stays = -1;

    /// <summary>Copies everything but replaced values; sets where each replaced value goes. Members come in document order.</summary>
    public static void CopyAround(WireText document, Span<JsonMember> members, PooledBytes output)
    {
        int copied = 0;
        foreach (ref JsonMember member in members)
        {
            if (member.OutputLength == Stays)
            {
                continue;
            }

            Append(output, document.Slice(copied, member.ValueStart - copied));
            member.OutputStart = output.Length;
            _ = output.Extend(member.OutputLength);
            copied = member.ValueEnd;
        }

        Append(output, document.Slice(copied, document.Length - copied));
    }

    private static void Append(PooledBytes output, WireText text) => text.CopyTo(output.Extend(text.Length));
}
