using System.Runtime.CompilerServices;

namespace Privatemode.AI.KeyExchange.Hpke;

// Reference: FIPS 203, section 4.2.1: Algorithms 5 and 6 (ByteEncode_d, ByteDecode_d), with Compress and Decompress where d < 12.

/// <summary>Polynomials to bytes and back; the number of steps depends on d alone.</summary>
internal static class MlKemEncoding
{
    /// <summary>Length of a polynomial encoded with 12 bits a coefficient, in bytes.</summary>
    public const int FullPolynomialSize = FullBits * MlKemField.N / 8;

    private const int FullBits = 12;

    /// <summary>ByteEncode_12.</summary>
    public static void Encode(ReadOnlySpan<ushort> polynomial, Span<byte> output)
    {
        unchecked
        {
            BitWriter writer = new(output);
            for (int i = 0; i < MlKemField.N; i++)
            {
                writer.Write(polynomial[i], FullBits);
            }
        }
    }

    /// <summary>ByteDecode_12, which reduces modulo q; whether that changed anything shows when the result is encoded again.</summary>
    public static void Decode(ReadOnlySpan<byte> input, Span<ushort> polynomial)
    {
        unchecked
        {
            BitReader reader = new(input);
            for (int i = 0; i < MlKemField.N; i++)
            {
                polynomial[i] = (ushort)MlKemField.ReduceOnce(reader.Read(FullBits));
            }
        }
    }

    /// <summary>ByteEncode_d after Compress_d.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void CompressAndEncode(ReadOnlySpan<ushort> polynomial, int d, Span<byte> output)
    {
        unchecked
        {
            BitWriter writer = new(output);
            for (int i = 0; i < MlKemField.N; i++)
            {
                writer.Write(MlKemField.Compress(polynomial[i], d), d);
            }
        }
    }

    /// <summary>Decompress_d after ByteDecode_d.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void DecodeAndDecompress(ReadOnlySpan<byte> input, int d, Span<ushort> polynomial)
    {
        unchecked
        {
            BitReader reader = new(input);
            for (int i = 0; i < MlKemField.N; i++)
            {
                polynomial[i] = (ushort)MlKemField.Decompress(reader.Read(d), d);
            }
        }
    }

    // Least significant bit first, as BitsToBytes (Algorithm 3) has it. The branch is on the count of bits, which is public.
    private ref struct BitWriter(Span<byte> output)
    {
        private readonly Span<byte> _output = output;
        private uint _pending;
        private int _pendingBits;
        private int _written;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Write(uint value, int bits)
        {
            unchecked
            {
                _pending |= value << _pendingBits;
                for (_pendingBits += bits; _pendingBits >= 8; _pendingBits -= 8)
                {
                    _output[_written++] = (byte)_pending;
                    _pending >>= 8;
                }
            }
        }
    }

    private ref struct BitReader(ReadOnlySpan<byte> input)
    {
        private readonly ReadOnlySpan<byte> _input = input;
        private uint _pending;
        private int _pendingBits;
        private int _read;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public uint Read(int bits)
        {
            unchecked
            {
                for (; _pendingBits < bits; _pendingBits += 8)
                {
                    _pending |= (uint)_input[_read++] << _pendingBits;
                }

                uint value = _pending & ((1u << bits) - 1);
                _pending >>= bits;
                _pendingBits -= bits;
                return value;
            }
        }
    }
}
