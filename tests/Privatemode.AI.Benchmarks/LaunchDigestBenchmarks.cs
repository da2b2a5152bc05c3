using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using Privatemode.AI.Attestation.Sev;

namespace Privatemode.AI.Benchmarks;

/// <summary>Bar: looking for a launch digest costs at most 1.3 times the hashes it cannot do without.</summary>
[MemoryDiagnoser]
public class LaunchDigestBenchmarks
{
    private const uint ResetAddress = 0x0080_B004;

    private readonly byte[] _seed = new byte[48];
    private readonly byte[] _pageInfo = new byte[112];
    private readonly byte[] _page = new byte[4096];
    private readonly byte[] _digest = new byte[48];
    private uint _signature;
    private byte[] _measurement = [];

    /// <summary>Processors of the machine; 221 is one that is not found.</summary>
    [Params(1, 8, 220, 221)]
    public int Processors { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _signature = LaunchDigests.ProcessorSignature(SnpProduct.Genoa)!.Value;
        byte[] digest = _seed;
        byte[] page = LaunchDigests.HashProcessorPage(ResetAddress, _signature);
        for (int i = 1; i < Processors; i++)
        {
            digest = SHA384.HashData([.. digest, .. page, 0x70, 0, 2, 0, 0, 0, 0, 0, 0, 0xF0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0]);
        }

        _measurement = digest;
    }

    [Benchmark(Baseline = true)]
    public byte Bare()
    {
        SHA384.HashData(_page, _digest);
        for (int i = 1; i < Processors; i++)
        {
            SHA384.HashData(_pageInfo, _digest);
        }

        return _digest[0];
    }

    [Benchmark]
    public int? Find() => LaunchDigests.FindProcessors(_seed, ResetAddress, _signature, _measurement);
}
