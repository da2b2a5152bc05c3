using Privatemode.AI.Testing.Evidence.Certificates;

namespace Privatemode.AI.Testing.Evidence.Sev;

/// <summary>A product line of AMD processors.</summary>
/// <param name="Name">The name in certificates, paths and manifests.</param>
/// <param name="CpuId">CPUID 1 EAX of the chip.</param>
/// <param name="ApSignature">CPUID signature in the initial state of further processors, as the launch measurement has it.</param>
/// <param name="ProductName">Value of the product extension.</param>
/// <param name="NumberBase">Serial number of the root; those of the intermediates are derived from it.</param>
internal sealed record SnpLine(string Name, uint CpuId, uint ApSignature, string ProductName, int NumberBase)
{
    public static SnpLine Genoa { get; } = new("Genoa", 0x00A10F11, 0x00A10F10, "Genoa", 0x20000);

    public static SnpLine Milan { get; } = new("Milan", 0x00A00F11, 0x00A00F11, "Milan-B0", 0x10000);

    /// <summary>The minimum TCB in the manifest. Chips have slightly higher versions.</summary>
    public SnpTcb MinimumTcb => this == Milan ? new SnpTcb(4, 0, 24, 211) : new SnpTcb(12, 0, 28, 88);

    public SnpTcb Tcb => this == Milan ? new SnpTcb(4, 0, 25, 219) : new SnpTcb(13, 0, 29, 90);

    public RsaKey RootKey => this == Milan ? TestKeys.ArkMilan : TestKeys.ArkGenoa;

    public RsaKey IntermediateKey => this == Milan ? TestKeys.AskMilan : TestKeys.AskGenoa;

    /// <summary>The serial number of the ASK.</summary>
    public int IntermediateNumber => NumberBase + 2;

    public static SnpLine Of(EvidenceAmdProduct product) => product == EvidenceAmdProduct.Milan ? Milan : Genoa;
}
