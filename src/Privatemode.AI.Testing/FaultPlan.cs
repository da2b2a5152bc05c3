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
    /// <exception cref="ArgumentException">The fault is one that happens to sources of evidence only.</exception>
    public void Next(Fault fault, int times = 1)
    {
        ArgumentNullException.ThrowIfNull(fault);
        Demand(fault, fault.Kind is not (FaultKind.Delay or FaultKind.Redirect or FaultKind.Oversize or FaultKind.Outdated), "an inference request");
        Enqueue(_inference, fault, times);
    }

    /// <summary>The next key exchanges go wrong like this; <see cref="Fault.PlainError"/>, <see cref="Fault.CutConnection"/> and <see cref="Fault.Stall"/>
    /// apply.</summary>
    /// <param name="fault">What happens.</param>
    /// <param name="times">To how many exchanges; from 1.</param>
    /// <exception cref="ArgumentException">The fault is one that happens to inference requests only.</exception>
    public void NextKeyExchange(Fault fault, int times = 1) => EnqueueUnsealed(_keyExchange, "a key exchange", fault, times);

    /// <summary>Applies a fault to the next requests for the list of models or for one model: <see cref="Fault.PlainError"/>,
    /// <see cref="Fault.CutConnection"/> or <see cref="Fault.Stall"/>.</summary>
    /// <param name="fault">What happens.</param>
    /// <param name="times">To how many requests; from 1.</param>
    /// <exception cref="ArgumentException">The fault is one that happens to inference requests only.</exception>
    public void NextModelList(Fault fault, int times = 1) => EnqueueUnsealed(_modelList, "a list of models", fault, times);

    /// <summary>The next requests to a source of evidence go wrong like this; <see cref="Fault.PlainError"/>, <see cref="Fault.CutConnection"/>,
    /// <see cref="Fault.Stall"/>, <see cref="Fault.Delay"/>, <see cref="Fault.Redirect"/> and <see cref="Fault.Oversize"/> apply, and to
    /// <see cref="EvidenceSource.Manifest"/> <see cref="Fault.OutdatedManifest"/>.</summary>
    /// <param name="source">The source.</param>
    /// <param name="fault">What happens.</param>
    /// <param name="times">To how many requests; from 1.</param>
    /// <exception cref="ArgumentException">The fault is one that cannot happen to this source.</exception>
    public void NextEvidence(EvidenceSource source, Fault fault, int times = 1)
    {
        ArgumentNullException.ThrowIfNull(fault);
        if (!Enum.IsDefined(source))
        {
            throw new ArgumentOutOfRangeException(nameof(source), source, "There is no such source.");
        }

        bool applies = fault.Kind is FaultKind.Delay or FaultKind.Redirect or FaultKind.Oversize || IsUnsealed(fault)
            || (fault.Kind == FaultKind.Outdated && source == EvidenceSource.Manifest);
        Demand(fault, applies, $"the source '{source}'");
        Enqueue(_evidence.GetOrAdd(source, _ => []), fault, times);
    }

    internal Fault? Take(EvidenceSource source) =>
        _evidence.TryGetValue(source, out ConcurrentQueue<Fault>? queue) && queue.TryDequeue(out Fault? fault) ? fault : null;

    internal Fault? TakeInference() => _inference.TryDequeue(out Fault? fault) ? fault : null;

    internal Fault? TakeKeyExchange() => _keyExchange.TryDequeue(out Fault? fault) ? fault : null;

    internal Fault? TakeModelList() => _modelList.TryDequeue(out Fault? fault) ? fault : null;

    private static void EnqueueUnsealed(ConcurrentQueue<Fault> queue, string what, Fault fault, int times)
    {
        ArgumentNullException.ThrowIfNull(fault);
        Demand(fault, IsUnsealed(fault), what);
        Enqueue(queue, fault, times);
    }

    /// <summary>Whether it can happen to an answer that is neither sealed nor a stream.</summary>
    private static bool IsUnsealed(Fault fault) => fault.Kind is FaultKind.PlainError or FaultKind.Cut or FaultKind.Stall;

    /// <summary>Said at once: left out silently, a test would pass for nothing.</summary>
    private static void Demand(Fault fault, bool applies, string what)
    {
        if (!applies)
        {
            throw new ArgumentException($"The fault '{fault.Kind}' cannot happen to {what}.", nameof(fault));
        }
    }

    private static void Enqueue(ConcurrentQueue<Fault> queue, Fault fault, int times)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(times);
        for (int i = 0; i < times; i++)
        {
            queue.Enqueue(fault);
        }
    }
}
