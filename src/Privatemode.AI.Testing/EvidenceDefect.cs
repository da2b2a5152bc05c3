using System.Runtime.CompilerServices;
using Privatemode.AI.Testing.Evidence.Defects;

namespace Privatemode.AI.Testing;

/// <summary>One thing that is wrong with the evidence of a test deployment. All that depends on it is signed anew: one check alone can notice.</summary>
public sealed partial class EvidenceDefect
{
    private EvidenceDefect([CallerMemberName] string name = "") => Name = name;

    /// <summary>Nothing is wrong.</summary>
    public static EvidenceDefect None { get; } = new();

    /// <summary>All of them, <see cref="None"/> first.</summary>
    public static IReadOnlyList<EvidenceDefect> All => [None, .. DefectCatalogue.All];

    /// <summary>Name of the property it is had from.</summary>
    public string Name { get; }

    /// <summary>A sound client accepts the evidence all the same: odd, but allowed.</summary>
    public bool IsHarmless => DefectCatalogue.IsHarmless(this);

    /// <summary>Whether the defect exists on this hardware.</summary>
    /// <param name="kind">The hardware.</param>
    /// <returns>True on either for the defects of documents and manifests.</returns>
    public bool AppliesTo(EvidenceKind kind) => DefectCatalogue.AppliesTo(this, kind);

    /// <summary>The defect of this name.</summary>
    /// <param name="name">Its <see cref="Name"/>.</param>
    /// <returns>The defect.</returns>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static EvidenceDefect Named(string name) =>
        All.FirstOrDefault(defect => defect.Name == name) ?? throw new ArgumentException($"There is no defect named {name}.", nameof(name));

    /// <inheritdoc/>
    public override string ToString() => Name;
}
