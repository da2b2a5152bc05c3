using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Attestation.Tdx;
using Privatemode.AI.Endpoints;

namespace Privatemode.AI.Sessions;

/// <summary>Fetches what evidence is judged by.</summary>
internal sealed class EvidenceCollector(CollateralStore store, CollateralAddresses addresses, TimeProvider time)
{
    private const int CertificateLimit = 64 * 1024;
    private const int Gone = 410;
    private const int ListLimit = 4 * 1024 * 1024;

    /// <summary>Fetches everything.</summary>
    /// <param name="needs">What is needed.</param>
    /// <param name="demand">How current what is replaced from time to time has to be.</param>
    /// <param name="async">False when the caller is synchronous.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="PrivatemodeServiceException">Something could not be had; that is no verdict.</exception>
    public ValueTask<CollectedCollateral> CollectAsync(
        CollateralNeeds needs, CollateralDemand demand, bool async, CancellationToken cancellationToken) =>
        needs.Snp is { } snp
            ? CollectSnpAsync(snp, demand, async, cancellationToken)
            : CollectTdxAsync(needs.Tdx!, demand, async, cancellationToken);

    private async ValueTask<CollectedCollateral> CollectSnpAsync(
        SnpCollateralNeeds needs, CollateralDemand demand, bool async, CancellationToken cancellationToken)
    {
        // It never changes: another copy than this one can only be better when this one is rubbish.
        CollateralDemand forCertificate = demand == CollateralDemand.Fresh ? demand : CollateralDemand.Unchanging;
        CollateralFile? vcek = needs.Vcek is { } path
            ? await AmdAsync(path, "AMD's certificate of the chip", CertificateLimit, forCertificate, async, cancellationToken).ConfigureAwait(false)
            : null;

        // AMD has replaced an intermediate before, so a chain is not for ever.
        CollateralFile? chain = needs.CertificateChain is { } chainPath
            ? await AmdAsync(chainPath, "AMD's certificate chain", CertificateLimit, demand, async, cancellationToken).ConfigureAwait(false)
            : null;
        CollateralFile? list = await FindListAsync(needs, demand, async, cancellationToken).ConfigureAwait(false);
        return new CollectedCollateral(
            () => new ContrastCollateral
            {
                Snp = needs.Combine(chain?.Body ?? [], list?.Body ?? needs.FindSuppliedCrl(time.GetUtcNow()) ?? default),
                Vcek = vcek?.Body ?? [],
            },
            vcek,
            chain,
            list);
    }

    /// <summary>AMD's list as it is now; null for the one that came with the evidence, only when AMD is away, for it may be an older one.</summary>
    private async ValueTask<CollateralFile?> FindListAsync(
        SnpCollateralNeeds needs, CollateralDemand demand, bool async, CancellationToken cancellationToken)
    {
        bool isSupplied = needs.FindSuppliedCrl(time.GetUtcNow()) is not null;
        try
        {
            CollateralFile list = await AmdAsync(needs.RevocationList, "AMD's revocation list", ListLimit, demand, async, cancellationToken)
                .ConfigureAwait(false);
            return isSupplied && list.IsStandIn && !SnpCollateralNeeds.IsCurrent(list.Body, time.GetUtcNow()) ? null : list;
        }
        catch (PrivatemodeServiceException) when (isSupplied)
        {
            return null;
        }
    }

    private ValueTask<CollateralFile> AmdAsync(
        string path, string what, int limit, CollateralDemand demand, bool async, CancellationToken cancellationToken) =>
        store.GetAsync(CollateralAddresses.Of(addresses.Amd, path), limit, what, null, demand, async, cancellationToken);

    private async ValueTask<CollectedCollateral> CollectTdxAsync(
        PcsRequests needs, CollateralDemand demand, bool async, CancellationToken cancellationToken)
    {
        CollateralFile tcbInfo = await IntelAsync(
            needs.TcbInfo, "Intel's TCB info", PcsRequests.TcbInfoChainHeader, demand, async, cancellationToken).ConfigureAwait(false);
        CollateralFile identity = await IntelAsync(
            needs.QeIdentity, "Intel's QE identity", PcsRequests.QeIdentityChainHeader, demand, async, cancellationToken).ConfigureAwait(false);
        CollateralFile pckList = await IntelAsync(
            needs.PckCrl, "Intel's revocation list of platforms", PcsRequests.PckCrlChainHeader, demand, async, cancellationToken).ConfigureAwait(false);
        CollateralFile rootList = await store.GetAsync(
            CollateralAddresses.Of(addresses.IntelCertificates, needs.RootCrl), ListLimit, "the revocation list of Intel's root", null, demand, async,
            cancellationToken).ConfigureAwait(false);
        return new CollectedCollateral(
            () => new ContrastCollateral
            {
                Tdx = new TdxCollateral(
                    tcbInfo.Body,
                    PcsRequests.DecodeChain(tcbInfo.Chain),
                    identity.Body,
                    PcsRequests.DecodeChain(identity.Chain),
                    pckList.Body,
                    PcsRequests.DecodeChain(pckList.Chain),
                    rootList.Body),
            },
            tcbInfo,
            identity,
            pckList,
            rootList);
    }

    private async ValueTask<CollateralFile> IntelAsync(
        string path, string what, string chainHeader, CollateralDemand demand, bool async, CancellationToken cancellationToken)
    {
        try
        {
            return await store.GetAsync(
                CollateralAddresses.Of(addresses.Intel, path), ListLimit, what, chainHeader, demand, async, cancellationToken).ConfigureAwait(false);
        }
        catch (PrivatemodeServiceException exception) when (exception.Status == Gone && PcsRequests.Newest(path) is var newest && newest != path)
        {
            // Intel drops old evaluations. The newest is stricter, and the manifest's minimum is checked all the same.
            return await store.GetAsync(
                CollateralAddresses.Of(addresses.Intel, newest), ListLimit, what, chainHeader, demand, async, cancellationToken).ConfigureAwait(false);
        }
    }
}
