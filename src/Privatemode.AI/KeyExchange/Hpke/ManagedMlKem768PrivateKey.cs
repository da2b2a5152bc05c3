using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Privatemode.AI.KeyExchange.Hpke;

/// <summary>Our ML-KEM-768 key, in memory that the garbage collector neither moves nor copies.</summary>
internal sealed class ManagedMlKem768PrivateKey : MlKem768PrivateKey
{
    private readonly ushort[] _secretVector = GC.AllocateArray<ushort>(MlKem768.VectorLength, pinned: true); // s-hat
    private readonly byte[] _z = GC.AllocateArray<byte>(MlKem768.ValueSize, pinned: true);
    private readonly byte[] _encapsulationKey = new byte[MlKem768.EncapsulationKeySize];
    private readonly byte[] _encapsulationKeyHash = new byte[MlKem768.ValueSize];
    private bool _disposed;

    internal ManagedMlKem768PrivateKey(ReadOnlySpan<byte> seed)
    {
        MlKem768.GenerateKey(seed[..MlKem768.ValueSize], _encapsulationKey, _encapsulationKeyHash, _secretVector);
        seed[MlKem768.ValueSize..].CopyTo(_z);
    }

    public override ReadOnlySpan<byte> EncapsulationKey => _encapsulationKey;

    /// <summary>s-hat. Secret; outside this class only the tests look at it.</summary>
    internal ReadOnlySpan<ushort> SecretVector => _secretVector;

    /// <summary>z. Secret; outside this class only the tests look at it.</summary>
    internal ReadOnlySpan<byte> ImplicitRejectionValue => _z;

    public override void Dispose()
    {
        _disposed = true;
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(_secretVector.AsSpan()));
        CryptographicOperations.ZeroMemory(_z);
    }

    private protected override void DecapsulateCore(ReadOnlySpan<byte> ciphertext, Span<byte> sharedSecret)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        MlKem768.Decapsulate(_secretVector, _encapsulationKey, _encapsulationKeyHash, _z, ciphertext, sharedSecret);
    }
}
