namespace Privatemode.AI.Testing.Evidence.Collateral;

/// <summary>Counts the requests to each evidence source. Thread-safe.</summary>
internal sealed class RequestCounter
{
    private readonly int[] _counts = new int[Enum.GetValues<EvidenceSource>().Length];

    public int Get(EvidenceSource source) => Volatile.Read(ref _counts[(int)source]);

    public void Add(EvidenceSource source) => Interlocked.Increment(ref _counts[(int)source]);
}
