using Privatemode.AI.Testing.Evidence.Certificates;

namespace Privatemode.AI.Testing.Evidence.Sev;

/// <summary>What differs between the product lines.</summary>
/// <param name="Name">As names, paths and manifests have it.</param>
/// <param name="CpuId">CPUID 1 EAX of the chip.</param>
/// <param name="ApSignature">CPUID signature in the initial state of further processors, as the launch measurement has it.</param>
/// <param name="ProductName">Value of the product extension.</param>
/// <param name="NumberBase">Serial number of the root; those of the intermediates are derived from it.</param>
internal sealed record SnpLine(string Name, uint CpuId, uint ApSignature, string ProductName, int NumberBase)
{
    public static SnpLine Genoa { get; } = new("Genoa", 0x00A10F11, 0x00A10F10, "Genoa", 0x20000);

    public static SnpLine Milan { get; } = new("Milan", 0x00A00F11, 0x00A00F11, "Milan-B0", 0x10000);

    /// <summary>Minimum of the manifest; chips are a little above.</summary>
    public SnpTcb MinimumTcb => this == Milan ? new SnpTcb(4, 0, 24, 211) : new SnpTcb(12, 0, 28, 88);

    public SnpTcb Tcb => this == Milan ? new SnpTcb(4, 0, 25, 219) : new SnpTcb(13, 0, 29, 90);

    public RsaKey RootKey => this == Milan ? TestKeys.ArkMilan : TestKeys.ArkGenoa;

    public RsaKey IntermediateKey => this == Milan ? TestKeys.AskMilan : TestKeys.AskGenoa;

    /// <summary>Serial of the ASK: the second of its kind, as Genoa's is.</summary>
    public int IntermediateNumber => NumberBase + 2;

    public static SnpLine Of(EvidenceAmdProduct product) => product == EvidenceAmdProduct.Milan ? Milan : Genoa;
}
