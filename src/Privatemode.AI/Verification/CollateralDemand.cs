namespace Privatemode.AI.Verification;

/// <summary>How current a downloaded file has to be.</summary>
internal enum CollateralDemand
{
    /// <summary>It never changes: a copy of any age will do.</summary>
    Unchanging,

    /// <summary>It is replaced from time to time: a copy will do for a day, or for longer when its host is away.</summary>
    Recent,

    /// <summary>It says what is revoked: a copy will do for an hour, or for longer when its host is away.</summary>
    Hourly,

    /// <summary>The copy was not good enough: download it.</summary>
    Fresh,
}
