using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Privatemode.AI.KeyExchange.Hpke;

// Reference: FIPS 202, section 4 (sponge construction) and section 5.1 (pad10*1).

/// <summary>The sponge over <see cref="KeccakPermutation"/>: absorb any number of pieces, then squeeze any number of pieces.</summary>
/// <remarks>
/// The lanes belong to the caller, who calls <see cref="Clear"/> in a finally. Never copy a sponge and never declare one with
/// <c>using</c>: both go on with a copy of the position but with the same lanes.
/// </remarks>
internal ref struct KeccakSponge
{
    // The domain separation bits of section 6 followed by the first 1 of pad10*1, as a byte.
    public const byte Sha3Suffix = 0b0000_0110;
    public const byte ShakeSuffix = 0b0001_1111;

    private const byte LastPaddingBit = 0b1000_0000;
    private const int LaneSize = sizeof(ulong);

    private readonly Span<ulong> _lanes;
    private readonly int _rate; // in bytes, a multiple of the lane size
    private readonly byte _suffix;
    private int _position; // in bytes, from 0 to the rate
    private bool _squeezing;

    public KeccakSponge(Span<ulong> lanes, int rate, byte suffix)
    {
        _lanes = lanes[..KeccakPermutation.Lanes];
        _lanes.Clear();
        _rate = rate;
        _suffix = suffix;
    }

    public void Absorb(ReadOnlySpan<byte> data)
    {
        if (_squeezing)
        {
            throw new InvalidOperationException("A sponge takes no input after its first output.");
        }

        unchecked
        {
            while (!data.IsEmpty)
            {
                int taken = 1;
                if (IsAtLane(data.Length))
                {
                    _lanes[_position >> 3] ^= BinaryPrimitives.ReadUInt64LittleEndian(data);
                    taken = LaneSize;
                }
                else
                {
                    XorByte(_position, data[0]);
                }

                data = data[taken..];
                _position += taken;
                PermuteWhenFull();
            }
        }
    }

    public void Squeeze(Span<byte> output)
    {
        unchecked
        {
            if (!_squeezing)
            {
                XorByte(_position, _suffix);
                XorByte(_rate - 1, LastPaddingBit);
                _position = _rate;
                _squeezing = true;
            }

            while (!output.IsEmpty)
            {
                PermuteWhenFull();
                int given = 1;
                if (IsAtLane(output.Length))
                {
                    BinaryPrimitives.WriteUInt64LittleEndian(output, _lanes[_position >> 3]);
                    given = LaneSize;
                }
                else
                {
                    output[0] = (byte)(_lanes[_position >> 3] >> (8 * (_position & 7)));
                }

                output = output[given..];
                _position += given;
            }
        }
    }

    public readonly void Clear() => CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(_lanes));

    /// <summary>Hashes the concatenation of two pieces and leaves nothing of it in memory.</summary>
    public static void Hash(int rate, byte suffix, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> output)
    {
        Span<ulong> lanes = stackalloc ulong[KeccakPermutation.Lanes];
        KeccakSponge sponge = new(lanes, rate, suffix);
        try
        {
            sponge.Absorb(first);
            sponge.Absorb(second);
            sponge.Squeeze(output);
        }
        finally
        {
            sponge.Clear();
        }
    }

    // Whether the next eight bytes are a whole lane: depends on lengths only.
    private readonly bool IsAtLane(int remaining) => (_position & 7) == 0 && remaining >= LaneSize;

    private readonly void XorByte(int position, byte value)
    {
        unchecked
        {
            _lanes[position >> 3] ^= (ulong)value << (8 * (position & 7));
        }
    }

    private void PermuteWhenFull()
    {
        if (_position == _rate)
        {
            KeccakPermutation.Permute(_lanes);
            _position = 0;
        }
    }
}
