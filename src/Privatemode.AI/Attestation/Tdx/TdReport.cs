using System.Buffers.Binary;

namespace Privatemode.AI.Attestation.Tdx;

// TD report 1.0, 584 bytes; TD report 1.5 appends TEE_TCB_SVN2 and MRSERVICETD, 648 bytes. Offsets are inside the body.

/// <summary>What the CPU says about a trust domain. Slices of the quote; nothing is judged here.</summary>
internal sealed class TdReport
{
    /// <summary>Size of a TD report 1.0 in bytes.</summary>
    public const int Size10 = 584;

    /// <summary>Size of a TD report 1.5 in bytes.</summary>
    public const int Size15 = 648;

    /// <summary>Size of a measurement (SHA-384) in bytes.</summary>
    public const int MeasurementSize = 48;

    /// <summary>Size of REPORTDATA in bytes.</summary>
    public const int ReportDataSize = 64;

    /// <summary>Number of run-time measurement registers.</summary>
    public const int RtmrCount = 4;

    private const int SvnSize = 16;
    private readonly ReadOnlyMemory<byte> _body;

    /// <summary>Takes a body whose size has been checked.</summary>
    public TdReport(ReadOnlyMemory<byte> body)
    {
        if (body.Length is not (Size10 or Size15))
        {
            throw new ArgumentException("A TD report has 584 or 648 bytes.", nameof(body));
        }

        _body = body;
    }

    /// <summary>Whether this is a TD report 1.5, with a current TCB beside the one at launch.</summary>
    public bool Is15 => _body.Length == Size15;

    /// <summary>TEE_TCB_SVN, 16 bytes: the TCB at launch; [0] module version, [1] module line, [2] late microcode.</summary>
    public ReadOnlyMemory<byte> TeeTcbSvn => _body[..SvnSize];

    public ReadOnlyMemory<byte> MrSeam => Measurement(16);

    public ReadOnlyMemory<byte> MrSignerSeam => Measurement(64);

    /// <summary>8 bytes.</summary>
    public ReadOnlyMemory<byte> SeamAttributes => _body.Slice(112, sizeof(ulong));

    /// <summary>8 bytes.</summary>
    public ReadOnlyMemory<byte> TdAttributes => _body.Slice(120, sizeof(ulong));

    /// <summary>CPU features open to the trust domain.</summary>
    public ulong Xfam => BinaryPrimitives.ReadUInt64LittleEndian(_body.Span[128..]);

    public ReadOnlyMemory<byte> MrTd => Measurement(136);

    public ReadOnlyMemory<byte> MrConfigId => Measurement(184);

    public ReadOnlyMemory<byte> MrOwner => Measurement(232);

    public ReadOnlyMemory<byte> MrOwnerConfig => Measurement(280);

    /// <summary>64 bytes.</summary>
    public ReadOnlyMemory<byte> ReportData => _body.Slice(520, ReportDataSize);

    /// <summary>TEE_TCB_SVN2, 16 bytes: the TCB when the quote was made. Empty in a TD report 1.0.</summary>
    public ReadOnlyMemory<byte> TeeTcbSvn2 => Is15 ? _body.Slice(584, SvnSize) : default;

    /// <summary>Digest of the service TDs bound to this one, zero when there is none. Empty in a TD report 1.0.</summary>
    public ReadOnlyMemory<byte> MrServiceTd => Is15 ? Measurement(600) : default;

    /// <summary>Run-time measurement register 0 to 3.</summary>
    public ReadOnlyMemory<byte> Rtmr(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, RtmrCount);
        return Measurement(328 + (MeasurementSize * index));
    }

    private ReadOnlyMemory<byte> Measurement(int offset) => _body.Slice(offset, MeasurementSize);
}
