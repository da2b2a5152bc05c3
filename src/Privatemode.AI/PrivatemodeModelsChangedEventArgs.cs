namespace Privatemode.AI;

/// <summary>What became different between two readings of the list of models.</summary>
public sealed class PrivatemodeModelsChangedEventArgs : EventArgs
{
    internal PrivatemodeModelsChangedEventArgs(
        IReadOnlyList<PrivatemodeModel> appeared, IReadOnlyList<PrivatemodeModel> gone, IReadOnlyList<PrivatemodeModel> models)
    {
        Appeared = appeared;
        Gone = gone;
        Models = models;
    }

    /// <summary>Models listed now and not before.</summary>
    public IReadOnlyList<PrivatemodeModel> Appeared { get; }

    /// <summary>Models listed before and not now, as they were.</summary>
    public IReadOnlyList<PrivatemodeModel> Gone { get; }

    /// <summary>The whole list as it is now.</summary>
    public IReadOnlyList<PrivatemodeModel> Models { get; }
}
