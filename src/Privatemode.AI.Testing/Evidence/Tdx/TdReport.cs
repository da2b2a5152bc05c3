using System.Security.Cryptography;
using System.Text;

namespace Privatemode.AI.Testing.Evidence.Tdx;

// Reference: Intel TDX DCAP Quoting Library API, TD report 1.0 (584 bytes) and 1.5 (648 bytes).

/// <summary>The body of a quote before it is signed.</summary>
internal sealed class TdReport
{
    /// <summary>Module version 1, security version 6.</summary>
    public byte[] TeeTcbSvn { get; set; } = [6, 1, 3, .. new byte[13]];

    public byte[] MrSeam { get; set; } = Measure("TDX module");

    public byte[] MrSignerSeam { get; set; } = new byte[48];

    public byte[] SeamAttributes { get; set; } = new byte[8];

    /// <summary>SEPT_VE_DISABLE alone.</summary>
    public byte[] TdAttributes { get; set; } = [0, 0, 0, 0x10, 0, 0, 0, 0];

    public byte[] Xfam { get; set; } = [0xE7, 0x02, 0x06, 0, 0, 0, 0, 0];

    public byte[] MrTd { get; set; } = Measure("firmware");

    public byte[] MrConfigId { get; set; } = new byte[48];

    public byte[] MrOwner { get; set; } = new byte[48];

    public byte[] MrOwnerConfig { get; set; } = new byte[48];

    public IReadOnlyList<byte[]> Rtmrs { get; set; } = [Measure("RTMR 0"), Measure("RTMR 1"), Measure("RTMR 2"), new byte[48]];

    public byte[] ReportData { get; set; } = new byte[64];

    /// <summary>Of TD report 1.5 only.</summary>
    public byte[] TeeTcbSvn2 { get; set; } = [6, 1, 3, .. new byte[13]];

    public byte[] MrServiceTd { get; set; } = new byte[48];

    public TdReport Clone() => (TdReport)MemberwiseClone();

    public byte[] Write(bool is15 = false)
    {
        byte[] body =
        [
            .. TeeTcbSvn, .. MrSeam, .. MrSignerSeam, .. SeamAttributes, .. TdAttributes, .. Xfam, .. MrTd, .. MrConfigId, .. MrOwner,
            .. MrOwnerConfig, .. Rtmrs.SelectMany(rtmr => rtmr), .. ReportData,
        ];
        return is15 ? [.. body, .. TeeTcbSvn2, .. MrServiceTd] : body;
    }

    public static byte[] Measure(string what) => SHA384.HashData(Encoding.ASCII.GetBytes($"test deployment: {what}"));
}
