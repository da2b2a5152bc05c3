namespace Privatemode.AI.Attestation.Tdx;

/// <summary>From when until when a signed document of Intel's counts.</summary>
internal static class CollateralDates
{
    public static void Check(
        string name, DateTimeOffset issueDate, DateTimeOffset nextUpdate, DateTimeOffset at, string notYetValidCheck, string expiredCheck)
    {
        if (at < issueDate)
        {
            throw TdxFailure.Collateral(
                notYetValidCheck,
                $"Intel's {name} is from the future (or this machine's clock is wrong)",
                $"issued by {at:u}",
                $"{issueDate:u}");
        }

        if (at > nextUpdate)
        {
            throw TdxFailure.Collateral(
                expiredCheck,
                $"Intel's {name} should have been replaced (or this machine's clock is wrong)",
                $"valid at {at:u}",
                $"until {nextUpdate:u}");
        }
    }
}
