using System.Text;

namespace Privatemode.AI.Encryption.Json;

/// <summary>The few field names that travel in the clear on an endpoint; compared byte by byte, case-sensitive.</summary>
internal sealed class PlainNames
{
    private readonly byte[][] _names;

    public PlainNames(params ReadOnlySpan<string> names)
    {
        _names = new byte[names.Length][];
        for (int i = 0; i < names.Length; i++)
        {
            _names[i] = Encoding.UTF8.GetBytes(names[i]);
        }
    }

    public bool Contains(ReadOnlySpan<byte> name)
    {
        foreach (byte[] candidate in _names)
        {
            if (name.SequenceEqual(candidate))
            {
                return true;
            }
        }

        return false;
    }
}
