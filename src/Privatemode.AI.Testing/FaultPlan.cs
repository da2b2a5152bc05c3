using System.Collections.Concurrent;

namespace Privatemode.AI.Testing;

/// <summary>Which requests go wrong, and how. Each entry hits one request, in order.</summary>
/// <remarks>Thread-safe.</remarks>
public sealed class FaultPlan
{
    private readonly ConcurrentQueue<Fault> _inference = [];
    private readonly ConcurrentQueue<Fault> _keyExchange = [];
    private readonly ConcurrentQueue<Fault> _modelList = [];
    private readonly ConcurrentDictionary<EvidenceSource, ConcurrentQueue<Fault>> _evidence = new();

    internal FaultPlan()
    {
    }

    /// <summary>How many faults have not happened yet.</summary>
    public int Pending => _inference.Count + _keyExchange.Count + _modelList.Count + _evidence.Values.Sum(queue => queue.Count);

    /// <summary>The next inference requests go wrong like this.</summary>
    /// <param name="fault">What happens.</param>
    /// <param name="times">To how many requests; from 1.</param>
    public void Next(Fault fault, int times = 1) => Enqueue(_inference, fault, times);

    /// <summary>The next key exchanges go wrong like this; <see cref="Fault.PlainError"/>, <see cref="Fault.CutConnection"/> and <see cref="Fault.Stall"/>
    /// apply.</summary>
    /// <param name="fault">What happens.</param>
    /// <param name="times">To how many exchanges; from 1.</param>
    /// <exception cref="ArgumentException">The fault is one that happens to inference requests only.</exception>
    public void NextKeyExchange(Fault fault, int times = 1) => EnqueueUnsealed(_keyExchange, "a key exchange", fault, times);

    /// <summary>The next requests for the list of models go wrong like this; <see cref="Fault.PlainError"/>, <see cref="Fault.CutConnection"/> and
    /// <see cref="Fault.Stall"/> apply.</summary>
    /// <param name="fault">What happens.</param>
    /// <param name="times">To how many requests; from 1.</param>
    /// <exception cref="ArgumentException">The fault is one that happens to inference requests only.</exception>
    public void NextModelList(Fault fault, int times = 1) => EnqueueUnsealed(_modelList, "a list of models", fault, times);

    /// <summary>The next requests to a source of evidence go wrong like this; <see cref="Fault.PlainError"/>, <see cref="Fault.CutConnection"/>,
    /// <see cref="Fault.Stall"/>, <see cref="Fault.Delay"/>, <see cref="Fault.Redirect"/> and <see cref="Fault.Oversize"/> apply.</summary>
    /// <param name="source">The source.</param>
    /// <param name="fault">What happens.</param>
    /// <param name="times">To how many requests; from 1.</param>
    public void Next(EvidenceSource source, Fault fault, int times = 1) => Enqueue(_evidence.GetOrAdd(source, _ => []), fault, times);

    internal Fault? Take(EvidenceSource source) =>
        _evidence.TryGetValue(source, out ConcurrentQueue<Fault>? queue) && queue.TryDequeue(out Fault? fault) ? fault : null;

    internal Fault? TakeInference() => _inference.TryDequeue(out Fault? fault) ? fault : null;

    internal Fault? TakeKeyExchange() => _keyExchange.TryDequeue(out Fault? fault) ? fault : null;

    internal Fault? TakeModelList() => _modelList.TryDequeue(out Fault? fault) ? fault : null;

    private static void EnqueueUnsealed(ConcurrentQueue<Fault> queue, string what, Fault fault, int times)
    {
        ArgumentNullException.ThrowIfNull(fault);
        if (fault.Kind is not (FaultKind.PlainError or FaultKind.Cut or FaultKind.Stall))
        {
            throw new ArgumentException($"The fault '{fault.Kind}' cannot happen to {what}.", nameof(fault));
        }

        Enqueue(queue, fault, times);
    }

    private static void Enqueue(ConcurrentQueue<Fault> queue, Fault fault, int times)
    {
        ArgumentNullException.ThrowIfNull(fault);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(times);
        for (int i = 0; i < times; i++)
        {
            queue.Enqueue(fault);
        }
    }
}
