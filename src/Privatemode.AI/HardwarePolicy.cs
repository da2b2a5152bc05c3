namespace Privatemode.AI;

/// <summary>What is demanded of the hardware beyond the manifest, and the one thing that can be demanded less. Immutable.</summary>
public sealed record HardwarePolicy
{
    /// <summary>What the manifest lists, and Intel's own rule for TDX.</summary>
    public static HardwarePolicy Default { get; } = new();

    /// <summary>
    /// AMD product lines accepted: <c>Milan</c>, <c>Genoa</c>. Null: those the manifest lists. Leave out Milan, whose root seed can be extracted
    /// by software alone (arXiv 2605.12990), if you can.
    /// </summary>
    public IReadOnlyCollection<string>? AmdProducts { get; init; }

    /// <summary>AMD chips accepted, each 128 hexadecimal digits. Null: those the manifest allows.</summary>
    public IReadOnlyCollection<string>? AmdChipIds { get; init; }

    /// <summary>
    /// Looks at Intel's verdict about the TDX module and the quoting enclave only, as the Go reference does. Gives up that firmware and
    /// microcode of the platform are up to date. Default false.
    /// </summary>
    public bool AcceptModuleStatusOnlyAsTheReferenceDoes { get; init; }
}
