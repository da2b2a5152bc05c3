using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Engines;
using Privatemode.AI.Attestation.Sev;

namespace Privatemode.AI.Benchmarks;

/// <summary>Bar: the ID key digest in at most 5 ms. A client computes it once per measurement and policy, so the first one is the one that counts.</summary>
[MemoryDiagnoser]
public class IdKeyDigestBenchmarks
{
    private readonly byte[] _launchDigest = new byte[48];
    private readonly IdKeyDigestCache _cache = new();
    private ulong _policy = 0x20000;

    [Benchmark]
    public byte[] Compute() => IdKeyDigest.Compute(_launchDigest, _policy++);

    [Benchmark]
    public ReadOnlyMemory<byte> FromCache() => _cache.Get(_launchDigest, 0x20000);
}

/// <summary>The same, the first time in a process.</summary>
[SimpleJob(RunStrategy.ColdStart, launchCount: 5, warmupCount: 0, iterationCount: 1, invocationCount: 1)]
public class IdKeyDigestColdBenchmarks
{
    private readonly byte[] _launchDigest = new byte[48];

    [Benchmark]
    public byte[] Compute() => IdKeyDigest.Compute(_launchDigest, 0x20000);
}
