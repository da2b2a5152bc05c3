namespace Privatemode.AI.Attestation.Tdx;

/// <summary>What Intel says about a TCB. The first seven come from Intel, the last two from comparing launch with now.</summary>
internal enum TcbStatus
{
    /// <summary>Nothing is known against it.</summary>
    UpToDate,

    /// <summary>The software in the trust domain must protect itself against something known.</summary>
    SWHardeningNeeded,

    /// <summary>The platform's configuration may be weak.</summary>
    ConfigurationNeeded,

    /// <summary>Both of the above.</summary>
    ConfigurationAndSWHardeningNeeded,

    /// <summary>A known weakness is not repaired.</summary>
    OutOfDate,

    /// <summary>A known weakness is not repaired, and the configuration may be weak.</summary>
    OutOfDateConfigurationNeeded,

    /// <summary>The trust domain was started on an out-of-date TCB that has been repaired since.</summary>
    TDRelaunchAdvised,

    /// <summary>The same, and the configuration may be weak.</summary>
    TDRelaunchAdvisedConfigurationNeeded,

    /// <summary>Keys or code of it are known to be compromised. Never accepted.</summary>
    Revoked,
}
