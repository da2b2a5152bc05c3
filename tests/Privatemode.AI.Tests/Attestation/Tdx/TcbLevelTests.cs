using FsCheck;
using FsCheck.Fluent;
using Privatemode.AI.Attestation.Tdx;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Attestation.Tdx;

/// <summary>The level algorithm against a second, naive one: sort as Intel sorts, then take the first that is reached.</summary>
public sealed class TcbLevelTests
{
    // Few values, so that levels are often reached, equal in parts, and in every order.
    private static readonly Gen<int> Svn = Gen.Choose(0, 3);
    private static readonly Gen<int[]> Components = Gen.OneOf(Svn.ArrayOf(16), Svn.Select(svn => Enumerable.Repeat(svn, 16).ToArray()));

    private static readonly Gen<Level> Levels =
        from sgx in Components
        from tdx in Components
        from pce in Svn
        select new Level(sgx, tdx, pce);

    private static readonly Gen<Scene> Cases =
        from count in Gen.Choose(1, 8)
        from levels in Levels.ArrayOf(count)
        from at in Gen.Choose(0, 1000)
        from platform in Components
        from pce in Svn
        from svn in Components
        from lift in Gen.Choose(0, 2)
        let basis = levels[at % count]
        select new Scene(
            levels,
            [.. platform.Select((value, i) => lift == 0 ? value : Math.Max(value, basis.Sgx[i]))],
            lift == 0 ? pce : Math.Max(pce, basis.Pce),
            [.. svn.Select((value, i) => lift < 2 ? value : Math.Max(value, basis.Tdx[i]))]);

    [Fact]
    public void Match_AnyLevels_IsTheFirstThatIsReachedInIntelsOrder()
    {
        int matched = 0;
        Properties.Hold(Cases, test =>
        {
            Level? expected = test.Levels
                .OrderByDescending(level => level.Key, StringComparer.Ordinal)
                .FirstOrDefault(level => IsReached(level, test));
            TcbLevel? found = TcbLevel.Match(ReadLevels(test.Levels), Platform(test.Platform, test.Pce), [.. test.Svn.Select(svn => (byte)svn)]);
            Assert.Equal(expected?.Date, found?.Finding.Date.Year);
            matched += found is null ? 0 : 1;
        }, 400);
        Assert.InRange(matched, 50, 390);
    }

    [Fact]
    public void Match_LevelsInAnyOrder_IsTheSame() => Properties.Hold(Cases, test =>
    {
        PckExtensions platform = Platform(test.Platform, test.Pce);
        byte[] svn = [.. test.Svn.Select(value => (byte)value)];
        TcbLevel? forward = TcbLevel.Match(ReadLevels(test.Levels.DistinctBy(level => level.Key)), platform, svn);
        TcbLevel? backward = TcbLevel.Match(ReadLevels(test.Levels.DistinctBy(level => level.Key).Reverse()), platform, svn);
        Assert.Equal(forward?.Finding.Date, backward?.Finding.Date);
    });

    [Fact]
    public void Match_TwoEqualLevels_IsTheFirst()
    {
        string levels = $"{CollateralText.Level("OutOfDate")},{CollateralText.Level("UpToDate")}";
        TcbLevel? found = TcbLevel.Match(Read(CollateralText.TcbInfo(levels)).Levels, Platform([.. Enumerable.Repeat(5, 16)], 13), [6, 1, 3, .. new byte[13]]);
        Assert.Equal(TcbStatus.OutOfDate, found!.Finding.Status);
    }

    [Fact]
    public void SvnLevels_InAnyOrder_GiveTheHighestThatIsReached() => Properties.Hold(Gen.Choose(0, 20).NonEmptyListOf(), svns =>
    {
        SvnLevel[] levels = [.. svns.Select(svn => new SvnLevel(svn, new TcbFinding(TcbStatus.UpToDate, default, [])))];
        int[] reached = [.. svns.Where(svn => svn <= 10)];
        Assert.Equal(reached.Length == 0 ? null : reached.Max(), SvnLevel.Match(levels, 10)?.IsvSvn);
    });

    // The module's version and line are components 0 and 1: compared only when no identity of the module's line is.
    [Theory]
    [InlineData(5, 0, true)]
    [InlineData(4, 0, false)]
    [InlineData(0, 1, true)]
    [InlineData(4, 255, true)]
    public void Match_ModuleComponents_CountForLineZeroOnly(byte version, byte line, bool reached)
    {
        byte[] svn = new byte[16];
        svn[0] = version;
        svn[1] = line;
        svn[2] = 3;
        TcbInfo tcbInfo = Read(CollateralText.TcbInfo());
        Assert.Equal(reached, TcbLevel.Match(tcbInfo.Levels, Platform([.. Enumerable.Repeat(5, 16)], 13), svn) is not null);
        svn[2] = 2;
        Assert.Null(TcbLevel.Match(tcbInfo.Levels, Platform([.. Enumerable.Repeat(5, 16)], 13), svn));
    }

    [Fact]
    public void Match_EachComponentOneTooLow_IsNotReached()
    {
        int[] full = [.. Enumerable.Range(1, 16)];
        IReadOnlyList<TcbLevel> levels = Read(CollateralText.TcbInfo(CollateralText.Level(sgx: full, tdx: full))).Levels;
        byte[] svn = [.. full.Select(value => (byte)value)];
        Assert.NotNull(TcbLevel.Match(levels, Platform(full, 13), svn));
        Assert.Null(TcbLevel.Match(levels, Platform(full, 12), svn));
        for (int i = 0; i < 16; i++)
        {
            int[] platform = [.. full];
            platform[i]--;
            Assert.Null(TcbLevel.Match(levels, Platform(platform, 13), svn));
            byte[] lower = [.. svn];
            lower[i]--;
            Assert.Equal(i == 0 || (i == 1 && lower[1] > 0), TcbLevel.Match(levels, Platform(full, 13), lower) is not null);
        }
    }

    private static bool IsReached(Level level, Scene test)
    {
        int first = test.Svn[1] > 0 ? 2 : 0;
        return level.Pce <= test.Pce
            && Enumerable.Range(0, 16).All(i => level.Sgx[i] <= test.Platform[i])
            && Enumerable.Range(first, 16 - first).All(i => level.Tdx[i] <= test.Svn[i]);
    }

    // The date tells the levels apart.
    private static IReadOnlyList<TcbLevel> ReadLevels(IEnumerable<Level> levels) => Read(CollateralText.TcbInfo(string.Join(
        ',', levels.Select(level => CollateralText.Level(date: $"{level.Date}-01-01T00:00:00Z", pceSvn: level.Pce, sgx: level.Sgx, tdx: level.Tdx))))).Levels;

    private static PckExtensions Platform(int[] components, int pceSvn) => PckExtensions.Parse(
        (new PckExtensionWriter { Components = [.. components.Select(svn => (byte)svn)], PceSvn = pceSvn }).Write());

    private static TcbInfo Read(string text)
    {
        using SignedDocument document = SignedDocument.Parse(FakeIntel.Sign(TcbInfo.Name, text), TcbInfo.Name, TdxChecks.TcbInfoFormat);
        return TcbInfo.Read(document.Content);
    }

    public sealed record Level(int[] Sgx, int[] Tdx, int Pce)
    {
        public string Key => string.Concat(Sgx) + Pce + string.Concat(Tdx);

        // Equal levels have equal dates; different ones almost always differ.
        public int Date => 1000 + (Key.Aggregate(7, (hash, digit) => ((hash * 31) + digit) % 8999));
    }

    public sealed record Scene(Level[] Levels, int[] Platform, int Pce, int[] Svn);
}
