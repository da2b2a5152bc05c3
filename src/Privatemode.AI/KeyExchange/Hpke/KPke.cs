using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Privatemode.AI.KeyExchange.Hpke;

// Reference: FIPS 203, section 5: K-PKE with the parameters of ML-KEM-768. Vectors of polynomials are K times 256 coefficients.
// The matrix A-hat is made entry by entry where it is needed: A-hat[i, j] = SampleNTT(ρ ‖ j ‖ i).

/// <summary>The encryption scheme inside ML-KEM; not secure by itself and used by nothing else.</summary>
internal static class KPke
{
    private const int N = MlKemField.N;
    private const int K = MlKem768.K;
    private const int PolynomialSizeInU = MlKem768.Du * N / 8;
    private const int SizeOfU = K * PolynomialSizeInU;

    /// <summary>Algorithm 13, K-PKE.KeyGen.</summary>
    public static void GenerateKey(ReadOnlySpan<byte> d, Span<byte> encapsulationKey, Span<ushort> secretVector)
    {
        Span<byte> rhoAndSigma = stackalloc byte[Sha3_512.HashSize];
        Span<ushort> t = stackalloc ushort[N];
        Span<ushort> a = stackalloc ushort[N];
        Span<ushort> e = stackalloc ushort[N];
        Span<uint> sum = stackalloc uint[N];
        sum.Clear();
        try
        {
            unchecked
            {
                Sha3_512.HashData(d, [K], rhoAndSigma); // step 1, G(d ‖ k)
                ReadOnlySpan<byte> rho = rhoAndSigma[..MlKem768.ValueSize];
                ReadOnlySpan<byte> sigma = rhoAndSigma[MlKem768.ValueSize..];
                SampleTransformedVector(sigma, secretVector); // steps 8 to 11 and 16
                for (int i = 0; i < K; i++)
                {
                    for (int j = 0; j < K; j++)
                    {
                        MlKemSampling.SampleNtt(rho, (byte)j, (byte)i, a);
                        MlKemNtt.MultiplyAccumulate(a, Polynomial(secretVector, j), sum);
                    }

                    MlKemSampling.SamplePolyCbd(sigma, (byte)(K + i), e); // steps 12 to 15 and 17
                    MlKemNtt.Transform(e);
                    MlKemNtt.ReduceSum(sum, t);
                    MlKemNtt.Add(t, e); // step 18
                    MlKemEncoding.Encode(t, encapsulationKey.Slice(i * MlKemEncoding.FullPolynomialSize, MlKemEncoding.FullPolynomialSize));
                }

                rho.CopyTo(encapsulationKey[MlKem768.EncodedVectorSize..]); // step 19
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(rhoAndSigma);
            Clear(t, e, sum);
        }
    }

    /// <summary>Algorithm 14, K-PKE.Encrypt.</summary>
    public static void Encrypt(
        ReadOnlySpan<byte> encapsulationKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> coins, Span<byte> ciphertext)
    {
        Span<ushort> y = stackalloc ushort[MlKem768.VectorLength];
        Span<ushort> product = stackalloc ushort[N];
        Span<ushort> operand = stackalloc ushort[N];
        Span<uint> sum = stackalloc uint[N];
        sum.Clear();
        ReadOnlySpan<byte> rho = encapsulationKey[MlKem768.EncodedVectorSize..];
        try
        {
            unchecked
            {
                SampleTransformedVector(coins, y); // steps 9 to 12 and 18
                for (int i = 0; i < K; i++)
                {
                    for (int j = 0; j < K; j++)
                    {
                        MlKemSampling.SampleNtt(rho, (byte)i, (byte)j, operand); // transposed: A-hat[j, i]
                        MlKemNtt.MultiplyAccumulate(operand, Polynomial(y, j), sum);
                    }

                    FinishProduct(sum, product, coins, (byte)(K + i), operand); // steps 13 to 16 and 19, u
                    Span<byte> encoded = ciphertext.Slice(i * PolynomialSizeInU, PolynomialSizeInU);
                    MlKemEncoding.CompressAndEncode(product, MlKem768.Du, encoded); // step 22
                }

                for (int j = 0; j < K; j++)
                {
                    MlKemEncoding.Decode(EncodedPolynomial(encapsulationKey, j), operand); // step 2, t-hat
                    MlKemNtt.MultiplyAccumulate(operand, Polynomial(y, j), sum);
                }

                FinishProduct(sum, product, coins, 2 * K, operand); // steps 17 and 21, v without μ
                MlKemEncoding.DecodeAndDecompress(message, 1, operand); // step 20, μ
                MlKemNtt.Add(product, operand);
                MlKemEncoding.CompressAndEncode(product, MlKem768.Dv, ciphertext[SizeOfU..]); // step 23
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(y));
            Clear(product, operand, sum);
        }
    }

    /// <summary>Algorithm 15, K-PKE.Decrypt.</summary>
    public static void Decrypt(ReadOnlySpan<ushort> secretVector, ReadOnlySpan<byte> ciphertext, Span<byte> message)
    {
        Span<ushort> u = stackalloc ushort[N];
        Span<ushort> w = stackalloc ushort[N];
        Span<uint> sum = stackalloc uint[N];
        sum.Clear();
        try
        {
            unchecked
            {
                for (int i = 0; i < K; i++)
                {
                    ReadOnlySpan<byte> encoded = ciphertext.Slice(i * PolynomialSizeInU, PolynomialSizeInU);
                    MlKemEncoding.DecodeAndDecompress(encoded, MlKem768.Du, u); // step 3
                    MlKemNtt.Transform(u);
                    MlKemNtt.MultiplyAccumulate(Polynomial(secretVector, i), u, sum);
                }

                MlKemNtt.ReduceSum(sum, w);
                MlKemNtt.InverseTransform(w);
                MlKemEncoding.DecodeAndDecompress(ciphertext[SizeOfU..], MlKem768.Dv, u); // step 4, v'
                for (int i = 0; i < N; i++)
                {
                    w[i] = (ushort)MlKemField.Subtract(u[i], w[i]); // step 6
                }

                MlKemEncoding.CompressAndEncode(w, 1, message); // step 7
            }
        }
        finally
        {
            Clear(u, w, sum);
        }
    }

    // K polynomials of SamplePolyCBD with N = 0, 1, 2, each transformed: s-hat of KeyGen, y-hat of Encrypt.
    private static void SampleTransformedVector(ReadOnlySpan<byte> seed, Span<ushort> vector)
    {
        unchecked
        {
            for (int i = 0; i < K; i++)
            {
                Span<ushort> polynomial = vector.Slice(i * N, N);
                MlKemSampling.SamplePolyCbd(seed, (byte)i, polynomial);
                MlKemNtt.Transform(polynomial);
            }
        }
    }

    // product = NTT^-1(sum) + SamplePolyCBD(coins, n)
    private static void FinishProduct(Span<uint> sum, Span<ushort> product, ReadOnlySpan<byte> coins, byte n, Span<ushort> error)
    {
        MlKemNtt.ReduceSum(sum, product);
        MlKemNtt.InverseTransform(product);
        MlKemSampling.SamplePolyCbd(coins, n, error);
        MlKemNtt.Add(product, error);
    }

    private static ReadOnlySpan<ushort> Polynomial(ReadOnlySpan<ushort> vector, int index) => unchecked(vector.Slice(index * N, N));

    private static ReadOnlySpan<byte> EncodedPolynomial(ReadOnlySpan<byte> encapsulationKey, int index) =>
        unchecked(encapsulationKey.Slice(index * MlKemEncoding.FullPolynomialSize, MlKemEncoding.FullPolynomialSize));

    private static void Clear(Span<ushort> first, Span<ushort> second, Span<uint> sum)
    {
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(first));
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(second));
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(sum));
    }
}
