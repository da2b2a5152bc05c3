namespace Privatemode.AI;

/// <summary>What became different between two readings of the list of models.</summary>
public sealed class ModelsChangedEventArgs : EventArgs
{
    internal ModelsChangedEventArgs(
        IReadOnlyList<ModelInfo> appeared, IReadOnlyList<ModelInfo> gone, IReadOnlyList<ModelInfo> models)
    {
        Appeared = appeared;
        Gone = gone;
        Models = models;
    }

    /// <summary>Models listed now and not before.</summary>
    public IReadOnlyList<ModelInfo> Appeared { get; }

    /// <summary>Models listed before and not now, as they were.</summary>
    public IReadOnlyList<ModelInfo> Gone { get; }

    /// <summary>The whole list as it is now.</summary>
    public IReadOnlyList<ModelInfo> Models { get; }
}
