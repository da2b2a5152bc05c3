namespace Privatemode.AI;

/// <summary>Provides data for the <see cref="ModelCatalog.Changed"/> event.</summary>
public sealed class ModelsChangedEventArgs : EventArgs
{
    /// <summary>Gets the models that are listed now and were not listed before.</summary>
    public IReadOnlyList<ModelInfo> Added { get; init; } = [];

    /// <summary>Gets the models that were listed before and are not listed now, as they were.</summary>
    public IReadOnlyList<ModelInfo> Removed { get; init; } = [];

    /// <summary>Gets the complete new list.</summary>
    public required IReadOnlyList<ModelInfo> Models { get; init; }
}
