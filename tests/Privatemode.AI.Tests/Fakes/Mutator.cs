namespace Privatemode.AI.Tests.Fakes;

/// <summary>Damages bytes the way a hop would that does not know the key; the same seed gives the same damage.</summary>
internal sealed class Mutator(int seed)
{
    private static readonly byte[][] Tokens =
    [
        .. "data: [DONE]\n\n|data: {}\n\n|\n|\r\n|\r|:|\"|\\|{|}|[|]|,|null|\"id\":1,|\"usage\":[],|event: error\n|: \n|0|f|F|\\u0022".Split('|')
            .Select(System.Text.Encoding.UTF8.GetBytes),
    ];

    private readonly Random _random = new(seed);

    /// <summary>One to three changes.</summary>
    public byte[] Damage(byte[] original)
    {
        List<byte> bytes = [.. original];
        for (int i = _random.Next(3); i >= 0; i--)
        {
            DamageOnce(bytes);
        }

        return [.. bytes];
    }

    public int[] Cuts(int length) => [.. Enumerable.Range(0, _random.Next(6)).Select(_ => _random.Next(length + 1))];

    private void DamageOnce(List<byte> bytes)
    {
        int at = _random.Next(bytes.Count + 1);
        int length = Math.Min(_random.Next(5) == 0 ? _random.Next(600) : _random.Next(4), bytes.Count - at);
        switch (_random.Next(7))
        {
            case 0:
                Flip(bytes, at);
                break;
            case 1:
                bytes.RemoveRange(at, length);
                break;
            case 2:
                bytes.InsertRange(at, Tokens[_random.Next(Tokens.Length)]);
                break;
            case 3:
                bytes.InsertRange(_random.Next(bytes.Count + 1), bytes.GetRange(at, length));
                break;
            case 4:
                List<byte> moved = bytes.GetRange(at, length);
                bytes.RemoveRange(at, length);
                bytes.InsertRange(_random.Next(bytes.Count + 1), moved);
                break;
            case 5:
                DropLine(bytes, at);
                break;
            default:
                bytes.Insert(at, (byte)_random.Next(256));
                break;
        }
    }

    private void Flip(List<byte> bytes, int at)
    {
        if (at < bytes.Count)
        {
            bytes[at] ^= (byte)(1 << _random.Next(8));
        }
    }

    private static void DropLine(List<byte> bytes, int at)
    {
        int from = at == 0 ? 0 : bytes.LastIndexOf((byte)'\n', Math.Min(at, bytes.Count) - 1) + 1;
        int to = bytes.IndexOf((byte)'\n', from);
        bytes.RemoveRange(from, (to < 0 ? bytes.Count : to + 1) - from);
    }
}
