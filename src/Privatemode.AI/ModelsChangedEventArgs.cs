namespace Privatemode.AI;

/// <summary>What became different between two readings of the list of models.</summary>
public sealed class ModelsChangedEventArgs : EventArgs
{
    internal ModelsChangedEventArgs(
        IReadOnlyList<ModelInfo> added, IReadOnlyList<ModelInfo> removed, IReadOnlyList<ModelInfo> models)
    {
        Added = added;
        Removed = removed;
        Models = models;
    }

    /// <summary>Models listed now and not before.</summary>
    public IReadOnlyList<ModelInfo> Added { get; }

    /// <summary>Models listed before and not now, as they were.</summary>
    public IReadOnlyList<ModelInfo> Removed { get; }

    /// <summary>The whole list as it is now.</summary>
    public IReadOnlyList<ModelInfo> Models { get; }
}
