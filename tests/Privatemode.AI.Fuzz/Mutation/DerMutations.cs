namespace Privatemode.AI.Fuzz.Mutation;

/// <summary>Changes to DER; the lengths around a change are put right, so that it is looked at and not only the outermost length.</summary>
internal static class DerMutations
{
    private const int MaxNodes = 600;

    private static readonly byte[][] Values =
    [
        [0x05, 0x00], [0x02, 0x01, 0x00], [0x02, 0x01, 0xFF], [0x02, 0x00], [0x02, 0x09, 0x7F, 1, 2, 3, 4, 5, 6, 7, 8], [0x01, 0x01, 0xFF], [0x01, 0x01, 0x01],
        [0x03, 0x01, 0x00], [0x03, 0x02, 0x07, 0x80], [0x03, 0x00], [0x04, 0x00], [0x06, 0x00], [0x06, 0x01, 0x80], [0x0A, 0x01, 0x05],
        [0x13, 0x02, 0xC3, 0x28],
        [0x0C, 0x02, 0xC3, 0x28], [0x17, 0x01, 0x5A], [0x18, 0x0F, .. "99991231235959Z"u8], [0x17, 0x0D, .. "000230000000Z"u8], [0x30, 0x00], [0x31, 0x00],
        [0x30, 0x80, 0x00, 0x00], [0xA0, 0x00], [0xA3, 0x00], [0x1F, 0xFF, 0xFF, 0x7F, 0x00], [0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF],
        [0x06, 0x0A, 0x2B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
    ];

    private static readonly byte[][] Lengths =
    [
        [0x00], [0x7F], [0x80], [0x81, 0x00], [0x81, 0x7F], [0x81, 0x80], [0x82, 0x00, 0x10], [0x82, 0xFF, 0xFF], [0x83, 0xFF, 0xFF, 0xFF],
        [0x84, 0x7F, 0xFF, 0xFF, 0xFF], [0x84, 0xFF, 0xFF, 0xFF, 0xFF], [0x88, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [0xFF],
    ];

    public static bool IsLikely(byte[] bytes) => bytes.Length > 8 && bytes[0] == 0x30 && Walk(bytes).Count > 3;

    public static byte[] Apply(byte[] bytes, Rng rng)
    {
        List<Node> nodes = Walk(bytes);
        if (nodes.Count == 0)
        {
            return ByteMutations.Apply(bytes, bytes, rng);
        }

        int chosen = rng.Below(nodes.Count);
        Node node = nodes[chosen];
        ReadOnlySpan<byte> whole = bytes.AsSpan(node.Start, node.HeaderSize + node.Length);
        ReadOnlySpan<byte> content = whole[node.HeaderSize..];
        byte[] changed = rng.Below(8) switch
        {
            0 => [],
            1 => [.. whole, .. whole],
            2 => rng.Pick(Values),
            3 => Encode((byte)rng.Below(256), content),
            4 => [whole[0], .. rng.Pick(Lengths), .. content],
            5 => Encode(whole[0], ByteMutations.Apply(content.ToArray(), bytes, rng)),
            6 => Encode(whole[0], [.. content, .. rng.Pick(Values)]),
            _ => TakeAnother(bytes, nodes, rng),
        };
        return Replace(bytes, nodes, chosen, changed);
    }

    private static byte[] TakeAnother(byte[] bytes, List<Node> nodes, Rng rng)
    {
        Node other = rng.Pick(nodes);
        return bytes[other.Start..(other.Start + other.HeaderSize + other.Length)];
    }

    private static byte[] Replace(byte[] bytes, List<Node> nodes, int index, byte[] changed)
    {
        (int start, int end) = (nodes[index].Start, nodes[index].End);
        for (int parent = nodes[index].Parent; parent >= 0; parent = nodes[parent].Parent)
        {
            Node around = nodes[parent];
            changed = Encode(
                bytes[around.Start], [.. bytes.AsSpan(around.Start + around.HeaderSize, start - around.Start - around.HeaderSize), .. changed,
                .. bytes.AsSpan(end, around.End - end)]);
            (start, end) = (around.Start, around.End);
        }

        return [.. bytes.AsSpan(0, start), .. changed, .. bytes.AsSpan(end)];
    }

    private static byte[] Encode(byte tag, ReadOnlySpan<byte> content) => content.Length switch
    {
        < 0x80 => [tag, (byte)content.Length, .. content],
        < 0x100 => [tag, 0x81, (byte)content.Length, .. content],
        < 0x10000 => [tag, 0x82, (byte)(content.Length >> 8), (byte)content.Length, .. content],
        _ => [tag, 0x83, (byte)(content.Length >> 16), (byte)(content.Length >> 8), (byte)content.Length, .. content],
    };

    // Inside octet strings too: that is where extensions keep their values.
    private static List<Node> Walk(byte[] bytes)
    {
        List<Node> nodes = [];
        Queue<(int Start, int End, int Parent)> open = new([(0, bytes.Length, -1)]);
        while (open.TryDequeue(out (int Start, int End, int Parent) range))
        {
            for (int at = range.Start; nodes.Count < MaxNodes && ReadHeader(bytes, at, range.End) is { } header;)
            {
                Node node = new(at, header.Size, header.Length, range.Parent);
                nodes.Add(node);
                if ((bytes[at] & 0x20) != 0 || bytes[at] == 0x04)
                {
                    open.Enqueue((at + header.Size, node.End, nodes.Count - 1));
                }

                at = node.End;
            }
        }

        return nodes;
    }

    private static (int Size, int Length)? ReadHeader(byte[] bytes, int at, int end)
    {
        if (end - at < 2)
        {
            return null;
        }

        int first = bytes[at + 1];
        int more = first > 0x80 ? first - 0x80 : 0;
        if (first == 0x80 || more > 3 || end - at < 2 + more)
        {
            return null;
        }

        int length = more == 0 ? first : 0;
        for (int i = 0; i < more; i++)
        {
            length = length << 8 | bytes[at + 2 + i];
        }

        return end - at - 2 - more >= length ? (2 + more, length) : null;
    }

    private readonly record struct Node(int Start, int HeaderSize, int Length, int Parent)
    {
        public int End => Start + HeaderSize + Length;
    }
}
