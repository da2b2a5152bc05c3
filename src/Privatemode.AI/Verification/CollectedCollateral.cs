using Privatemode.AI.Attestation.Contrast;

namespace Privatemode.AI.Verification;

/// <summary>Files that evidence is judged by, as they were fetched.</summary>
/// <param name="combine">Puts them together.</param>
/// <param name="files">Those that were fetched; null for one that was not needed.</param>
internal sealed class CollectedCollateral(Func<ContrastCollateral> combine, params CollateralFile?[] files)
{
    /// <summary>Some were not fetched just now.</summary>
    public bool HasCopies => files.Any(file => file?.IsFromCache == true);

    /// <summary>Some are older than they should be, because their host is away.</summary>
    public bool HasStandIns => files.Any(file => file?.IsStandIn == true);

    /// <exception cref="PrivatemodeVerificationException">One of the files is rubbish.</exception>
    public ContrastCollateral Combine() => combine();
}
