using System.Collections.Concurrent;

namespace Privatemode.AI.Testing;

/// <summary>Injects faults into the next requests to a test deployment.</summary>
/// <remarks>Each kind of request has a queue of faults. A fault is applied to one request and then removed from the queue. Thread-safe.</remarks>
public sealed class FaultInjector
{
    private readonly ConcurrentQueue<Fault> _inference = [];
    private readonly ConcurrentQueue<Fault> _keyExchange = [];
    private readonly ConcurrentQueue<Fault> _modelList = [];
    private readonly ConcurrentDictionary<EvidenceSource, ConcurrentQueue<Fault>> _evidence = new();

    internal FaultInjector()
    {
    }

    /// <summary>Gets the number of faults that have not been applied yet.</summary>
    public int PendingCount => _inference.Count + _keyExchange.Count + _modelList.Count + _evidence.Values.Sum(queue => queue.Count);

    /// <summary>Applies a fault to the next inference requests, for example of chats, embeddings or transcriptions.</summary>
    /// <param name="fault">The fault.</param>
    /// <param name="times">The number of requests, at least 1.</param>
    /// <exception cref="ArgumentNullException"><paramref name="fault"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">The fault applies to evidence sources only.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="times"/> is less than 1.</exception>
    public void Inject(Fault fault, int times = 1)
    {
        ArgumentNullException.ThrowIfNull(fault);
        ThrowIfNotApplicable(
            fault,
            fault.Kind is not (FaultKind.Delay or FaultKind.Redirect or FaultKind.OversizedResponse or FaultKind.OutdatedManifest),
            "an inference request");
        Enqueue(_inference, fault, times);
    }

    /// <summary>Applies a fault to the next key exchanges.</summary>
    /// <param name="fault"><see cref="Fault.UnencryptedError"/>, <see cref="Fault.CutConnection"/>, <see cref="Fault.StallBeforeEvent"/> or
    /// <see cref="Fault.NoResponse"/>.</param>
    /// <param name="times">The number of key exchanges, at least 1.</param>
    /// <exception cref="ArgumentNullException"><paramref name="fault"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">The fault does not apply to key exchanges.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="times"/> is less than 1.</exception>
    public void InjectIntoKeyExchange(Fault fault, int times = 1) => EnqueueUnencrypted(_keyExchange, "a key exchange", fault, times);

    /// <summary>Applies a fault to the next requests for the model list or for one model.</summary>
    /// <param name="fault"><see cref="Fault.UnencryptedError"/>, <see cref="Fault.CutConnection"/>, <see cref="Fault.StallBeforeEvent"/> or
    /// <see cref="Fault.NoResponse"/>.</param>
    /// <param name="times">The number of requests, at least 1.</param>
    /// <exception cref="ArgumentNullException"><paramref name="fault"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">The fault does not apply to the model list.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="times"/> is less than 1.</exception>
    public void InjectIntoModelList(Fault fault, int times = 1) => EnqueueUnencrypted(_modelList, "the model list", fault, times);

    /// <summary>Applies a fault to the next requests to an evidence source.</summary>
    /// <param name="source">The source.</param>
    /// <param name="fault"><see cref="Fault.UnencryptedError"/>, <see cref="Fault.CutConnection"/>, <see cref="Fault.StallBeforeEvent"/>,
    /// <see cref="Fault.NoResponse"/>, <see cref="Fault.Delay"/>, <see cref="Fault.Redirect"/>, <see cref="Fault.OversizedResponse"/> or, for
    /// <see cref="EvidenceSource.Manifest"/>, <see cref="Fault.OutdatedManifest"/>.</param>
    /// <param name="times">The number of requests, at least 1.</param>
    /// <exception cref="ArgumentNullException"><paramref name="fault"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">The fault does not apply to this source.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="source"/> is not a defined value, or <paramref name="times"/> is less than
    /// 1.</exception>
    public void InjectIntoEvidence(EvidenceSource source, Fault fault, int times = 1)
    {
        ArgumentNullException.ThrowIfNull(fault);
        if (!Enum.IsDefined(source))
        {
            throw new ArgumentOutOfRangeException(nameof(source), source, "The value is not defined.");
        }

        bool applies = fault.Kind is FaultKind.Delay or FaultKind.Redirect or FaultKind.OversizedResponse || AppliesUnencrypted(fault)
            || (fault.Kind == FaultKind.OutdatedManifest && source == EvidenceSource.Manifest);
        ThrowIfNotApplicable(fault, applies, $"the evidence source '{source}'");
        Enqueue(_evidence.GetOrAdd(source, _ => []), fault, times);
    }

    internal Fault? Take(EvidenceSource source) =>
        _evidence.TryGetValue(source, out ConcurrentQueue<Fault>? queue) && queue.TryDequeue(out Fault? fault) ? fault : null;

    internal Fault? TakeInference() => _inference.TryDequeue(out Fault? fault) ? fault : null;

    internal Fault? TakeKeyExchange() => _keyExchange.TryDequeue(out Fault? fault) ? fault : null;

    internal Fault? TakeModelList() => _modelList.TryDequeue(out Fault? fault) ? fault : null;

    private static void EnqueueUnencrypted(ConcurrentQueue<Fault> queue, string what, Fault fault, int times)
    {
        ArgumentNullException.ThrowIfNull(fault);
        ThrowIfNotApplicable(fault, AppliesUnencrypted(fault), what);
        Enqueue(queue, fault, times);
    }

    /// <summary>Whether the fault can be applied to an answer that is neither encrypted nor streamed.</summary>
    private static bool AppliesUnencrypted(Fault fault) =>
        fault.Kind is FaultKind.UnencryptedError or FaultKind.CutConnection or FaultKind.StallBeforeEvent;

    /// <summary>A fault that is silently ignored would let a test pass that tests nothing.</summary>
    private static void ThrowIfNotApplicable(Fault fault, bool applies, string what)
    {
        if (!applies)
        {
            throw new ArgumentException($"The fault '{fault.Kind}' cannot be applied to {what}.", nameof(fault));
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
