using System.Collections.Concurrent;

namespace Privatemode.AI.Testing;

/// <summary>Injects faults into the next requests to a test deployment.</summary>
/// <remarks>
/// <para>Each kind of request has a queue of faults. A fault is applied to the specified number of requests, one by default, and then removed. Each
/// attempt of a retried request counts as one request.</para>
/// <para>Thread-safe.</para>
/// </remarks>
public sealed class FaultInjector
{
    private readonly FaultQueue _inference = new();
    private readonly FaultQueue _keyExchange = new();
    private readonly FaultQueue _modelList = new();
    private readonly ConcurrentDictionary<EvidenceSource, FaultQueue> _evidence = new();

    internal FaultInjector()
    {
    }

    /// <summary>Gets the number of requests to which pending faults are still to be applied.</summary>
    /// <value>Assert that the number is 0 at the end of a test, to ensure that all faults were applied. A fault with <c>times: 2</c> counts as 2.</value>
    public int PendingCount => (int)Math.Min(int.MaxValue, Queues.Sum(queue => queue.Count));

    private IEnumerable<FaultQueue> Queues => [_inference, _keyExchange, _modelList, .. _evidence.Values];

    /// <summary>Removes all faults that have not been applied yet, for example to simulate the recovery of a service.</summary>
    public void Clear()
    {
        foreach (FaultQueue queue in Queues)
        {
            queue.Clear();
        }
    }

    /// <summary>Applies a fault to the next inference requests, for example for chats, embeddings or transcriptions.</summary>
    /// <param name="fault">Any fault except <see cref="Fault.Redirect"/>, <see cref="Fault.OversizedResponse"/> and
    /// <see cref="Fault.OutdatedManifest"/>.</param>
    /// <param name="times">The number of requests, at least 1. <see cref="int.MaxValue"/> means all requests until <see cref="Clear"/> is called.</param>
    /// <exception cref="ArgumentNullException"><paramref name="fault"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">The fault applies to evidence sources only.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="times"/> is less than 1.</exception>
    public void Inject(Fault fault, int times = 1)
    {
        ArgumentNullException.ThrowIfNull(fault);
        ThrowIfNotApplicable(
            fault,
            fault.Kind is not (FaultKind.Redirect or FaultKind.OversizedResponse or FaultKind.OutdatedManifest),
            "an inference request");
        Enqueue(_inference, fault, times);
    }

    /// <summary>Applies a fault to the next key exchanges.</summary>
    /// <param name="fault"><see cref="Fault.UnencryptedError"/>, <see cref="Fault.CutConnection"/>,
    /// <see cref="Fault.ResetConnection"/>, <see cref="Fault.Delay"/>, <see cref="Fault.StallBeforeEvent"/> or <see cref="Fault.NoResponse"/>.</param>
    /// <param name="times">The number of key exchanges, at least 1. <see cref="int.MaxValue"/> means all key exchanges until <see cref="Clear"/> is
    /// called.</param>
    /// <exception cref="ArgumentNullException"><paramref name="fault"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">The fault does not apply to key exchanges.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="times"/> is less than 1.</exception>
    public void InjectIntoKeyExchange(Fault fault, int times = 1) => EnqueueUnencrypted(_keyExchange, "a key exchange", fault, times);

    /// <summary>Applies a fault to the next requests to <c>GET /v1/models</c> or <c>GET /v1/models/{id}</c>.</summary>
    /// <param name="fault"><see cref="Fault.UnencryptedError"/>, <see cref="Fault.CutConnection"/>,
    /// <see cref="Fault.ResetConnection"/>, <see cref="Fault.Delay"/>, <see cref="Fault.StallBeforeEvent"/> or <see cref="Fault.NoResponse"/>.</param>
    /// <param name="times">The number of requests, at least 1. <see cref="int.MaxValue"/> means all requests until <see cref="Clear"/> is called.</param>
    /// <exception cref="ArgumentNullException"><paramref name="fault"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">The fault does not apply to the model list.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="times"/> is less than 1.</exception>
    public void InjectIntoModelList(Fault fault, int times = 1) => EnqueueUnencrypted(_modelList, "the model list", fault, times);

    /// <summary>Applies a fault to the next requests to an evidence source.</summary>
    /// <param name="source">The evidence source.</param>
    /// <param name="fault"><see cref="Fault.UnencryptedError"/>, <see cref="Fault.CutConnection"/>, <see cref="Fault.ResetConnection"/>,
    /// <see cref="Fault.StallBeforeEvent"/>, <see cref="Fault.NoResponse"/>, <see cref="Fault.Delay"/>, <see cref="Fault.Redirect"/>,
    /// <see cref="Fault.OversizedResponse"/> or, for <see cref="EvidenceSource.Manifest"/>, <see cref="Fault.OutdatedManifest"/>.</param>
    /// <param name="times">The number of requests, at least 1. <see cref="int.MaxValue"/> means all requests until <see cref="Clear"/> is called.</param>
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

        bool applies = fault.Kind is FaultKind.Redirect or FaultKind.OversizedResponse || AppliesUnencrypted(fault)
            || (fault.Kind == FaultKind.OutdatedManifest && source == EvidenceSource.Manifest);
        ThrowIfNotApplicable(fault, applies, $"the evidence source '{source}'");
        Enqueue(_evidence.GetOrAdd(source, _ => new()), fault, times);
    }

    internal Fault? Take(EvidenceSource source) =>
        _evidence.TryGetValue(source, out FaultQueue? queue) ? queue.Take() : null;

    internal Fault? TakeInference() => _inference.Take();

    internal Fault? TakeKeyExchange() => _keyExchange.Take();

    internal Fault? TakeModelList() => _modelList.Take();

    private static void EnqueueUnencrypted(FaultQueue queue, string what, Fault fault, int times)
    {
        ArgumentNullException.ThrowIfNull(fault);
        ThrowIfNotApplicable(fault, AppliesUnencrypted(fault), what);
        Enqueue(queue, fault, times);
    }

    /// <summary>Whether the fault can be applied to an answer that is neither encrypted nor streamed.</summary>
    private static bool AppliesUnencrypted(Fault fault) =>
        fault.Kind is FaultKind.UnencryptedError or FaultKind.CutConnection or FaultKind.ResetConnection or FaultKind.StallBeforeEvent or FaultKind.Delay;

    /// <summary>Throws if the fault does not apply to the requests. Without this check, a test could pass although its fault was not applied.</summary>
    private static void ThrowIfNotApplicable(Fault fault, bool applies, string what)
    {
        if (!applies)
        {
            throw new ArgumentException($"The fault '{fault}' cannot be applied to {what}.", nameof(fault));
        }
    }

    private static void Enqueue(FaultQueue queue, Fault fault, int times)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(times);
        queue.Enqueue(fault, times);
    }
}
