using Privatemode.AI.Attestation.Tdx;
using Privatemode.AI.Tests.Attestation.Certificates;

namespace Privatemode.AI.Tests.Attestation.Tdx;

public sealed class PckExtensionsTests
{
    private const string Root = PckExtensionWriter.Root;
    private static readonly PckExtensionWriter Complete = new();

    [Fact]
    public void Parse_Complete_GivesEveryField()
    {
        PckExtensions extensions = PckExtensions.Parse(
            (Complete with { Components = [.. Enumerable.Range(240, 16).Select(i => (byte)i)], PceSvn = 40_000 }).Write());

        Assert.Equal(Enumerable.Range(240, 16).Select(i => (byte)i), extensions.Components.ToArray());
        Assert.Equal(40_000, extensions.PceSvn);
        Assert.Equal([0, 0], extensions.PceId.ToArray());
        Assert.Equal([0xB0, 0xC0, 0x6F, 0, 0, 0], extensions.Fmspc.ToArray());
        Assert.Equal(SgxType.Scalable, extensions.SgxType);
        Assert.Equal(Complete.PlatformInstanceId, extensions.PlatformInstanceId.ToArray());
        Assert.False(extensions.DynamicPlatform);
        Assert.False(extensions.SmtEnabled);
    }

    [Fact]
    public void Parse_PairsInReverse_GivesTheSame()
    {
        PckExtensions extensions = PckExtensions.Parse(Der.Sequence([.. Complete.PairsWith(Der.Sequence([.. Complete.Tcb.Reverse()])).Reverse()]));
        Assert.Equal(Complete.Components, extensions.Components.ToArray());
        Assert.Equal(13, extensions.PceSvn);
    }

    [Fact]
    public void Parse_WithoutWhatIsOptional_SaysThatItIsNotSaid()
    {
        PckExtensions extensions = PckExtensions.Parse((Complete with { SgxType = null, PlatformInstanceId = null, Configuration = null }).Write());
        Assert.Null(extensions.SgxType);
        Assert.True(extensions.PlatformInstanceId.IsEmpty);
        Assert.Null(extensions.DynamicPlatform);
        Assert.Null(extensions.SmtEnabled);
    }

    [Theory]
    [InlineData($"{Root}.8")]
    [InlineData($"{Root}.31")]
    [InlineData($"{Root}.32")]
    [InlineData($"{Root}.300")]
    [InlineData($"{Root}.4.1")]
    [InlineData("1.2.840.113741.1.13.2.4")]
    [InlineData("1.2.3")]
    public void Parse_UnknownPair_IsLeft(string identifier)
    {
        byte[] unknown = PckExtensionWriter.Pair(identifier, Der.Sequence(Der.Integer(7)));
        Assert.Equal(Complete.Fmspc, PckExtensions.Parse(Der.Sequence([.. Complete.Pairs, unknown])).Fmspc.ToArray());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Parse_WithoutAPairThatIsNeeded_IsRefused(int index) => AssertRefused(Without(Complete.Pairs, index));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void Parse_PairTwice_IsRefused(int index) => AssertRefused(Der.Sequence([.. Complete.Pairs, Complete.Pairs.ElementAt(index)]));

    [Fact]
    public void Parse_TcbThatIsNotTheEighteenPairs_IsRefused()
    {
        for (int i = 0; i < 18; i++)
        {
            AssertRefused(Der.Sequence([.. Complete.PairsWith(Without(Complete.Tcb, i))]));
            AssertRefused(Der.Sequence([.. Complete.PairsWith(Der.Sequence([.. Complete.Tcb, Complete.Tcb.ElementAt(i)]))]));
        }

        byte[] unknown = PckExtensionWriter.Pair($"{Root}.2.19", Der.Integer(1));
        AssertRefused(Der.Sequence([.. Complete.PairsWith(Der.Sequence([.. Complete.Tcb, unknown]))]));
        AssertRefused(Der.Sequence([.. Complete.PairsWith(Der.Sequence([.. Complete.Tcb, PckExtensionWriter.Pair("1.2.3", Der.Integer(1))]))]));
    }

    [Fact]
    public void Parse_SvnOutOfRange_IsRefused()
    {
        byte[][] tcb = [.. Complete.Tcb];
        foreach (int svn in new[] { -1, 256, int.MaxValue })
        {
            tcb[4] = PckExtensionWriter.Pair($"{Root}.2.5", Der.Integer(svn));
            AssertRefused(Der.Sequence([.. Complete.PairsWith(Der.Sequence(tcb))]));
        }

        AssertRefused((Complete with { PceSvn = 65_536 }).Write());
        AssertRefused((Complete with { PceSvn = -1 }).Write());
    }

    [Fact]
    public void Parse_FieldOfAnotherSize_IsRefused()
    {
        PckExtensionWriter[] wrong =
        [
            Complete with { CpuSvn = new byte[15] },
            Complete with { PceId = [0] },
            Complete with { PceId = [0, 0, 0] },
            Complete with { Fmspc = new byte[5] },
            Complete with { Fmspc = new byte[7] },
            Complete with { Fmspc = [] },
            Complete with { PlatformInstanceId = new byte[15] },
            Complete with { PlatformInstanceId = new byte[17] },
            Complete with { SgxType = PckExtensionWriter.Enumerated(3) },
            Complete with { SgxType = PckExtensionWriter.Enumerated(0, 1) },
            Complete with { SgxType = PckExtensionWriter.Enumerated() },
            Complete with { SgxType = Der.Integer(1) },
        ];
        Assert.All(wrong, writer => AssertRefused(writer.Write()));
    }

    [Fact]
    public void Parse_ConfigurationThatIsNotUnderstood_IsRefused()
    {
        byte[] on = PckExtensionWriter.Boolean(true);
        byte[][] wrong =
        [
            Der.Sequence(PckExtensionWriter.Pair($"{Root}.7.4", on)),
            Der.Sequence(PckExtensionWriter.Pair($"{Root}.7.1", on), PckExtensionWriter.Pair($"{Root}.7.1", on)),
            Der.Sequence(PckExtensionWriter.Pair($"{Root}.7.1", Der.Integer(1))),
            Der.Sequence(PckExtensionWriter.Pair($"{Root}.7.1", [0x01, 0x01, 0x02])),
            Der.Sequence(Der.Sequence(Der.Identifier($"{Root}.7.1"), on, on)),
            Der.Integer(1),
        ];
        Assert.All(wrong, configuration => AssertRefused((Complete with { Configuration = configuration }).Write()));
    }

    [Fact]
    public void Parse_OtherDer_IsRefused()
    {
        byte[] good = Complete.Write();
        byte[][] wrong =
        [
            [],
            Der.Sequence(),
            Der.Integer(1),
            [.. good, 0],
            Der.Sequence(Der.Sequence()),
            Der.Sequence(Der.Sequence(Der.Integer(1), Der.Integer(1))),
            Der.Sequence(PckExtensionWriter.Pair($"{Root}.4", [])),
            Der.Sequence([.. Complete.Pairs, Der.Sequence(Der.Identifier($"{Root}.9"), Der.Null(), Der.Null())]),
            Der.Sequence([.. Complete.Pairs, Der.Sequence(Der.Integer(1), Der.Integer(1))]),
        ];
        Assert.All(wrong, AssertRefused);
    }

    [Fact]
    public void Parse_OneElementMoreInAnyStructure_IsRefused()
    {
        byte[][] variants = [.. Der.WithOneElementMore(Complete.Write())];
        Assert.InRange(variants.Length, 30, 40);
        Assert.All(variants, AssertRefused);
    }

    [Fact]
    public void Parse_CutOrDamagedAnywhere_IsReadOrRefused()
    {
        byte[] good = Complete.Write();
        for (int i = 0; i < good.Length; i++)
        {
            AssertRefused(good[..i]);
            for (int bit = 0; bit < 8; bit++)
            {
                byte[] damaged = [.. good];
                damaged[i] ^= (byte)(1 << bit);
                _ = Refusal.AcceptsOrRefuses(() => PckExtensions.Parse(damaged));
            }
        }
    }

    private static byte[] Without(IEnumerable<byte[]> pairs, int index) => Der.Sequence([.. pairs.Where((_, i) => i != index)]);

    private static void AssertRefused(byte[] extension) => Refusal.Of(TdxChecks.PckExtension, () => PckExtensions.Parse(extension));
}
