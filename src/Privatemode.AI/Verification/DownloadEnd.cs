namespace Privatemode.AI.Verification;

/// <summary>How a download ended. Without file and failure: whoever downloaded had no need to, or was called off.</summary>
/// <param name="File">What came.</param>
/// <param name="Failure">Why nothing came.</param>
internal readonly record struct DownloadEnd(CollateralFile? File, PrivatemodeServiceException? Failure)
{
    /// <summary>False when those who waited know no more than before.</summary>
    public bool IsKnown => File is not null || Failure is not null;
}
