namespace Privatemode.AI.Attestation.Tdx;

/// <summary>Joins statuses: those of the parts of a platform, and those at launch and now.</summary>
/// <remarks>
/// A status is a set of findings: out of date, configuration needed, hardening needed. Joining is the union; out of date covers
/// hardening. For the statuses Intel gives to the module and the quoting enclave this is Intel's rule. For the others, which Intel's
/// rule would drop, it is the worse of the two.
/// </remarks>
internal static class TcbStatuses
{
    [Flags]
    private enum Findings
    {
        None = 0,
        Hardening = 1,
        Configuration = 2,
        OutOfDate = 4,
        Revoked = 8,
    }

    /// <summary>The status of a whole from the statuses of two of its parts.</summary>
    public static TcbStatus Converge(TcbStatus one, TcbStatus other) => StatusOf(FindingsOf(one) | FindingsOf(other));

    /// <summary>The status of a trust domain from that of the TCB it was started on and that of the TCB which runs now.</summary>
    /// <remarks>Intel ignores a TCB that is worse now than it was at launch; here the worse counts.</remarks>
    public static TcbStatus Relaunch(TcbStatus launch, TcbStatus current)
    {
        Findings atLaunch = FindingsOf(launch);
        Findings now = FindingsOf(current);
        bool repaired = atLaunch.HasFlag(Findings.OutOfDate) && !now.HasFlag(Findings.OutOfDate) && !now.HasFlag(Findings.Revoked);
        if (!repaired)
        {
            return StatusOf(atLaunch | now);
        }

        return (atLaunch | now).HasFlag(Findings.Configuration) ? TcbStatus.TDRelaunchAdvisedConfigurationNeeded : TcbStatus.TDRelaunchAdvised;
    }

    /// <summary>The status Intel's collateral names; null for a word that is not one of the seven.</summary>
    public static TcbStatus? Find(ReadOnlySpan<byte> name) => name switch
    {
        _ when name.SequenceEqual("UpToDate"u8) => TcbStatus.UpToDate,
        _ when name.SequenceEqual("SWHardeningNeeded"u8) => TcbStatus.SWHardeningNeeded,
        _ when name.SequenceEqual("ConfigurationNeeded"u8) => TcbStatus.ConfigurationNeeded,
        _ when name.SequenceEqual("ConfigurationAndSWHardeningNeeded"u8) => TcbStatus.ConfigurationAndSWHardeningNeeded,
        _ when name.SequenceEqual("OutOfDate"u8) => TcbStatus.OutOfDate,
        _ when name.SequenceEqual("OutOfDateConfigurationNeeded"u8) => TcbStatus.OutOfDateConfigurationNeeded,
        _ when name.SequenceEqual("Revoked"u8) => TcbStatus.Revoked,
        _ => null,
    };

    private static Findings FindingsOf(TcbStatus status) => status switch
    {
        TcbStatus.UpToDate => Findings.None,
        TcbStatus.SWHardeningNeeded => Findings.Hardening,
        TcbStatus.ConfigurationNeeded => Findings.Configuration,
        TcbStatus.ConfigurationAndSWHardeningNeeded => Findings.Configuration | Findings.Hardening,
        TcbStatus.OutOfDate => Findings.OutOfDate,
        TcbStatus.OutOfDateConfigurationNeeded => Findings.OutOfDate | Findings.Configuration,
        TcbStatus.Revoked => Findings.Revoked,
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "Not a status of a part."),
    };

    private static TcbStatus StatusOf(Findings findings)
    {
        if (findings.HasFlag(Findings.Revoked))
        {
            return TcbStatus.Revoked;
        }

        bool configuration = findings.HasFlag(Findings.Configuration);
        if (findings.HasFlag(Findings.OutOfDate))
        {
            return configuration ? TcbStatus.OutOfDateConfigurationNeeded : TcbStatus.OutOfDate;
        }

        return findings.HasFlag(Findings.Hardening)
            ? configuration ? TcbStatus.ConfigurationAndSWHardeningNeeded : TcbStatus.SWHardeningNeeded
            : configuration ? TcbStatus.ConfigurationNeeded : TcbStatus.UpToDate;
    }
}
