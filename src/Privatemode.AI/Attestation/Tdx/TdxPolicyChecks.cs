namespace Privatemode.AI.Attestation.Tdx;

/// <summary>Stable names of what <see cref="TdxPolicy"/> compares, for <see cref="VerificationMismatch.Check"/>.</summary>
internal static class TdxPolicyChecks
{
    /// <summary>No debug bit is set: the host cannot look into the trust domain.</summary>
    public const string Debug = "tdx-debug";

    /// <summary>No other trust domain may take this one over.</summary>
    public const string ServiceTd = "tdx-service-td";

    /// <summary>The trust domain has exactly the expected attributes.</summary>
    public const string Attributes = "tdx-attributes";

    /// <summary>The CPU features open to the trust domain are possible ones.</summary>
    public const string XfamBits = "tdx-xfam-bits";

    /// <summary>The CPU features open to the trust domain are the expected ones.</summary>
    public const string Xfam = "tdx-xfam";

    public const string ReportData = "tdx-report-data";

    public const string MrTd = "tdx-mr-td";

    public const string MrSeam = "tdx-mr-seam";

    public const string MrConfigId = "tdx-mr-config-id";

    /// <summary>RTMR 0 is the expected one or one of its alternatives.</summary>
    public const string Rtmr0 = "tdx-rtmr-0";

    public const string Rtmr1 = "tdx-rtmr-1";

    public const string Rtmr2 = "tdx-rtmr-2";

    public const string Rtmr3 = "tdx-rtmr-3";

    /// <summary>The TCB status is an accepted one.</summary>
    public const string TcbStatus = "tdx-tcb-status";

    /// <summary>The TCB status is an accepted one under Intel's newest TCB info too.</summary>
    public const string NewestTcbStatus = "tdx-newest-tcb-status";

    /// <summary>The TCB info is of a new enough evaluation.</summary>
    public const string TcbInfoEvaluation = "tdx-tcb-info-evaluation";

    /// <summary>The QE identity is of a new enough evaluation.</summary>
    public const string QeIdentityEvaluation = "tdx-qe-identity-evaluation";

    /// <summary>The platform is one of those named.</summary>
    public const string PlatformInstance = "tdx-platform-instance";

    /// <summary>The platform protects the integrity of its memory cryptographically.</summary>
    public const string MemoryIntegrity = "tdx-memory-integrity";

    /// <summary>Simultaneous multithreading is off.</summary>
    public const string Multithreading = "tdx-smt";

    /// <summary>No CPU package can be added to the platform.</summary>
    public const string StaticPlatform = "tdx-static-platform";
}
