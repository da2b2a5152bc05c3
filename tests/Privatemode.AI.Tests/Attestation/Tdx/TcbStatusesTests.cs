using System.Text;
using Privatemode.AI.Attestation.Tdx;

namespace Privatemode.AI.Tests.Attestation.Tdx;

/// <summary>The tables by which statuses are joined, against Intel's rule written down case by case.</summary>
public sealed class TcbStatusesTests
{
    private static readonly TcbStatus[] Published =
    [
        TcbStatus.UpToDate,
        TcbStatus.SWHardeningNeeded,
        TcbStatus.ConfigurationNeeded,
        TcbStatus.ConfigurationAndSWHardeningNeeded,
        TcbStatus.OutOfDate,
        TcbStatus.OutOfDateConfigurationNeeded,
        TcbStatus.Revoked,
    ];

    [Fact]
    public void Converge_WithTheStatusesIntelGivesToParts_IsIntelsRule()
    {
        foreach (TcbStatus platform in Published)
        {
            Assert.Equal(platform, TcbStatuses.Converge(platform, TcbStatus.UpToDate));
            Assert.Equal(TcbStatus.Revoked, TcbStatuses.Converge(platform, TcbStatus.Revoked));
            Assert.Equal(IntelWithOutOfDatePart(platform), TcbStatuses.Converge(platform, TcbStatus.OutOfDate));
        }
    }

    [Fact]
    public void Converge_AllPairs_IsNeverBetterThanEitherAndInAnyOrderTheSame()
    {
        foreach (TcbStatus one in Published)
        {
            Assert.Equal(one, TcbStatuses.Converge(one, one));
            foreach (TcbStatus other in Published)
            {
                TcbStatus both = TcbStatuses.Converge(one, other);
                Assert.Equal(both, TcbStatuses.Converge(other, one));
                Assert.Equal(both, TcbStatuses.Converge(both, one));
                Assert.Equal(both, TcbStatuses.Converge(both, other));
                foreach (TcbStatus third in Published)
                {
                    Assert.Equal(TcbStatuses.Converge(both, third), TcbStatuses.Converge(one, TcbStatuses.Converge(other, third)));
                }
            }
        }
    }

    [Fact]
    public void Converge_PartWithAConfigurationOrHardeningStatus_CountsToo()
    {
        Assert.Equal(TcbStatus.SWHardeningNeeded, TcbStatuses.Converge(TcbStatus.UpToDate, TcbStatus.SWHardeningNeeded));
        Assert.Equal(TcbStatus.ConfigurationAndSWHardeningNeeded, TcbStatuses.Converge(TcbStatus.SWHardeningNeeded, TcbStatus.ConfigurationNeeded));
        Assert.Equal(TcbStatus.OutOfDateConfigurationNeeded, TcbStatuses.Converge(TcbStatus.OutOfDate, TcbStatus.ConfigurationNeeded));
    }

    [Fact]
    public void Relaunch_AllPairs_IsIntelsRuleOrWorse()
    {
        foreach (TcbStatus launch in Published)
        {
            foreach (TcbStatus current in Published)
            {
                TcbStatus status = TcbStatuses.Relaunch(launch, current);
                TcbStatus intel = IntelRelaunch(launch, current);
                if (intel is TcbStatus.TDRelaunchAdvised or TcbStatus.TDRelaunchAdvisedConfigurationNeeded)
                {
                    Assert.Equal(intel, status);
                }
                else
                {
                    // Intel looks at the launch only; here the current status counts as well.
                    Assert.Equal(TcbStatuses.Converge(intel, current), status);
                }
            }
        }
    }

    [Theory]
    [InlineData(TcbStatus.UpToDate, TcbStatus.OutOfDate, TcbStatus.OutOfDate)]
    [InlineData(TcbStatus.OutOfDate, TcbStatus.Revoked, TcbStatus.Revoked)]
    [InlineData(TcbStatus.Revoked, TcbStatus.UpToDate, TcbStatus.Revoked)]
    [InlineData(TcbStatus.OutOfDate, TcbStatus.OutOfDateConfigurationNeeded, TcbStatus.OutOfDateConfigurationNeeded)]
    [InlineData(TcbStatus.ConfigurationNeeded, TcbStatus.UpToDate, TcbStatus.ConfigurationNeeded)]
    [InlineData(TcbStatus.OutOfDate, TcbStatus.SWHardeningNeeded, TcbStatus.TDRelaunchAdvised)]
    [InlineData(TcbStatus.OutOfDateConfigurationNeeded, TcbStatus.UpToDate, TcbStatus.TDRelaunchAdvisedConfigurationNeeded)]
    [InlineData(TcbStatus.OutOfDate, TcbStatus.ConfigurationAndSWHardeningNeeded, TcbStatus.TDRelaunchAdvisedConfigurationNeeded)]
    public void Relaunch_Examples(object launch, object current, object expected) =>
        Assert.Equal((TcbStatus)expected, TcbStatuses.Relaunch((TcbStatus)launch, (TcbStatus)current));

    [Fact]
    public void Find_IntelsWords_AndNoOthers()
    {
        foreach (TcbStatus status in Enum.GetValues<TcbStatus>())
        {
            bool published = Published.Contains(status);
            Assert.Equal(published ? status : null, TcbStatuses.Find(Encoding.ASCII.GetBytes(status.ToString())));
        }

        Assert.All(
            (string[])["", "uptodate", "UpToDate ", "UPTODATE", "OutOfDat", "Unknown", "NotSupported"],
            word => Assert.Null(TcbStatuses.Find(Encoding.ASCII.GetBytes(word))));
    }

    [Fact]
    public void Converge_StatusThatIsNoPartsStatus_IsAMistakeOfTheCaller()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => TcbStatuses.Converge(TcbStatus.TDRelaunchAdvised, TcbStatus.UpToDate));
        Assert.Throws<ArgumentOutOfRangeException>(() => TcbStatuses.Relaunch(TcbStatus.UpToDate, TcbStatus.TDRelaunchAdvisedConfigurationNeeded));
    }

    private static TcbStatus IntelWithOutOfDatePart(TcbStatus platform) => platform switch
    {
        TcbStatus.UpToDate or TcbStatus.SWHardeningNeeded => TcbStatus.OutOfDate,
        TcbStatus.ConfigurationNeeded or TcbStatus.ConfigurationAndSWHardeningNeeded => TcbStatus.OutOfDateConfigurationNeeded,
        _ => platform,
    };

    private static TcbStatus IntelRelaunch(TcbStatus launch, TcbStatus current)
    {
        TcbStatus[] needConfiguration =
            [TcbStatus.ConfigurationNeeded, TcbStatus.ConfigurationAndSWHardeningNeeded, TcbStatus.OutOfDateConfigurationNeeded];
        TcbStatus[] outOfDate = [TcbStatus.OutOfDate, TcbStatus.OutOfDateConfigurationNeeded];
        if (!outOfDate.Contains(launch) || outOfDate.Contains(current) || current == TcbStatus.Revoked)
        {
            return launch;
        }

        return needConfiguration.Contains(launch) || needConfiguration.Contains(current)
            ? TcbStatus.TDRelaunchAdvisedConfigurationNeeded
            : TcbStatus.TDRelaunchAdvised;
    }
}
