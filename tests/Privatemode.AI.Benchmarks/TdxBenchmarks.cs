using BenchmarkDotNet.Attributes;
using Privatemode.AI.Attestation.Tdx;

namespace Privatemode.AI.Benchmarks;

/// <summary>Bar: a TDX verification with quote, chain, collateral and revocation lists takes at most 1.3 times its bare cryptographic calls.</summary>
[MemoryDiagnoser]
public class TdxBenchmarks
{
    private TdxEvidence _evidence = null!;
    private BareTdxCalls _bare = null!;

    [ParamsSource(nameof(Available))]
    public string Evidence { get; set; } = TdxEvidence.Synthetic;

    public static string[] Available => TdxEvidence.Available;

    [GlobalSetup]
    public void Setup()
    {
        _evidence = TdxEvidence.Load(Evidence);
        _bare = new BareTdxCalls(_evidence);
    }

    [Benchmark(Baseline = true)]
    public int Bare() => _bare.Run() ? 1 : throw new InvalidOperationException("A signature of the evidence is wrong.");

    [Benchmark]
    public int Verified()
    {
        using SignedQuote quote = SignedQuote.Verify(_evidence.Quote, _evidence.Anchors, _evidence.At);
        return (int)TdxVerifier.Verify(quote, _evidence.Collateral, _evidence.At).Tcb.Overall.Status;
    }
}
