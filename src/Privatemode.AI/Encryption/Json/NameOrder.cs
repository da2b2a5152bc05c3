namespace Privatemode.AI.Encryption.Json;

/// <summary>The order in which members are sealed and opened: byte order of names in which <c>. ? *</c> are preceded by a backslash.</summary>
/// <remarks>The peer writes names as paths, hence the backslashes.</remarks>
internal readonly struct NameOrder(JsonMember[] members, byte[] names) : IComparer<int>
{
    private const int FewMembers = 32;

    /// <summary>Sorts indexes into the members.</summary>
    public void Sort(Span<int> order)
    {
        if (order.Length > FewMembers)
        {
            order.Sort(this);
            return;
        }

        // The sort of the platform allocates; this one runs for every event of a stream.
        for (int i = 1; i < order.Length; i++)
        {
            int moving = order[i];
            int at = i;
            for (; at > 0 && Compare(order[at - 1], moving) > 0; at--)
            {
                order[at] = order[at - 1];
            }

            order[at] = moving;
        }
    }

    public int Compare(int x, int y)
    {
        ReadOnlySpan<byte> a = names.AsSpan(members[x].NameStart, members[x].NameLength);
        ReadOnlySpan<byte> b = names.AsSpan(members[y].NameStart, members[y].NameLength);
        int common = a.CommonPrefixLength(b);
        if (common == a.Length || common == b.Length)
        {
            return a.Length.CompareTo(b.Length);
        }

        // Names hold no backslash of their own, so two escaped characters differ in the character itself.
        (byte p, byte q) = (a[common], b[common]);
        (byte escapedP, byte escapedQ) = (Escaped(p), Escaped(q));
        return escapedP != escapedQ ? escapedP.CompareTo(escapedQ) : p.CompareTo(q);
    }

    private static byte Escaped(byte value) => value is (byte)'.' or (byte)'?' or (byte)'*' ? (byte)'\\' : value;
}
