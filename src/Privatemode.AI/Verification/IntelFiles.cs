using Privatemode.AI.Attestation.Tdx;

namespace Privatemode.AI.Verification;

/// <summary>Fetches the files that one quote is judged by.</summary>
/// <param name="store">Downloads and keeps them.</param>
/// <param name="addresses">Where they are.</param>
/// <param name="documents">Finds out which are authentic.</param>
/// <param name="fresh">Copies are not good enough.</param>
/// <param name="async">False when the caller is synchronous.</param>
/// <param name="cancellationToken">Ends the calls.</param>
internal sealed class IntelFiles(
    CollateralStore store, CollateralAddresses addresses, TdxDocuments documents, bool fresh, bool async, CancellationToken cancellationToken)
{
    // Several times what Intel's documents and lists have.
    private const int Limit = 4 * 1024 * 1024;

    public ValueTask<CollateralFile> TcbInfoAsync(string path) => GetAsync(
        new CollateralRequest(
            AtService(path), Limit, "Intel's TCB info", file => documents.FindTcbInfo(file.Body, PcsRequests.DecodeChain(file.Chain)))
        {
            ChainHeader = PcsRequests.TcbInfoChainHeader,
        });

    public ValueTask<CollateralFile> QeIdentityAsync(string path) => GetAsync(
        new CollateralRequest(
            AtService(path), Limit, "Intel's QE identity", file => documents.FindQeIdentity(file.Body, PcsRequests.DecodeChain(file.Chain)))
        {
            ChainHeader = PcsRequests.QeIdentityChainHeader,
        });

    public ValueTask<CollateralFile> PckCrlAsync(string path) => GetAsync(
        new CollateralRequest(
            AtService(path),
            Limit,
            "Intel's revocation list of platforms",
            file => documents.FindPckCrl(file.Body, PcsRequests.DecodeChain(file.Chain)))
        {
            ChainHeader = PcsRequests.PckCrlChainHeader,
        });

    public ValueTask<CollateralFile> RootCrlAsync(string path) => GetAsync(
        new CollateralRequest(
            CollateralAddresses.Of(addresses.IntelCertificates, path),
            Limit,
            "the revocation list of Intel's root",
            file => documents.FindRootCrl(file.Body)));

    private Uri AtService(string path) => CollateralAddresses.Of(addresses.Intel, path);

    private ValueTask<CollateralFile> GetAsync(CollateralRequest request) =>
        store.GetAsync(request, fresh ? CollateralDemand.Fresh : CollateralDemand.Hourly, async, cancellationToken);
}
