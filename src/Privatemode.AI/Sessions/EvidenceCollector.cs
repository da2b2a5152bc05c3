using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Attestation.Tdx;
using Privatemode.AI.Endpoints;

namespace Privatemode.AI.Sessions;

/// <summary>Fetches what evidence is judged by.</summary>
internal sealed class EvidenceCollector(CollateralStore store, CollateralAddresses addresses, TimeProvider time)
{
    private const int BadRequest = 400;
    private const int CertificateLimit = 64 * 1024;
    private const int Gone = 410;
    private const int ListLimit = 4 * 1024 * 1024;
    private const int NotFound = 404;

    /// <summary>Fetches everything.</summary>
    /// <param name="needs">What is needed.</param>
    /// <param name="demand">How current what is replaced from time to time has to be.</param>
    /// <param name="async">False when the caller is synchronous.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="PrivatemodeServiceException">Something could not be had; that is no verdict.</exception>
    /// <exception cref="PrivatemodeVerificationException">The evidence names a chip or platform that its maker does not know, or is shown to be forged by
    /// what was fetched so far. That is a verdict, and nothing that could still be fetched changes it.</exception>
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
            ? await FindChipAsync(path, forCertificate, async, cancellationToken).ConfigureAwait(false)
            : null;
        if (vcek is { IsFromCache: false })
        {
            needs.CheckSigner(vcek.Body);
        }

        // AMD has replaced an intermediate before, so a chain is not for ever.
        CollateralFile? chain = needs.CertificateChain is { } chainPath
            ? await AmdAsync(chainPath, "AMD's certificate chain", CertificateLimit, demand, async, cancellationToken).ConfigureAwait(false)
            : null;
        CheckChain(needs, vcek, chain);
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

    private async ValueTask<CollateralFile> FindChipAsync(string path, CollateralDemand demand, bool async, CancellationToken cancellationToken)
    {
        try
        {
            return await AmdAsync(path, "AMD's certificate of the chip", CertificateLimit, demand, async, cancellationToken).ConfigureAwait(false);
        }
        catch (PrivatemodeServiceException exception) when (IsUnknown(exception))
        {
            throw Unknown(SevChecks.ChipUnknown, "AMD has no certificate for the chip and the TCB version that the report names", exception);
        }
    }

    /// <summary>
    /// Judges the report's chain before the list is fetched: with the list out of reach, a forged report would pass for trouble with the network.
    /// </summary>
    private void CheckChain(SnpCollateralNeeds needs, CollateralFile? vcek, CollateralFile? chain)
    {
        // What a copy may be to blame for is left to the judgement of the whole, after which copies are fetched anew. AMD may have replaced its
        // intermediate since the copy was made; a certificate that came with the evidence gets no such benefit, or anybody could make clients download.
        DateTimeOffset now = time.GetUtcNow();
        bool isDecided = vcek is null
            ? chain is not null && needs.IsGenuine(chain.Body, now)
            : !vcek.IsFromCache && chain is not { IsFromCache: true };
        if (isDecided)
        {
            needs.CheckChain(vcek?.Body ?? default(ReadOnlyMemory<byte>), chain?.Body ?? default(ReadOnlyMemory<byte>), now);
        }
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
        CollateralFile tcbInfo = await FindTcbInfoAsync(needs.TcbInfo, demand, async, cancellationToken).ConfigureAwait(false);
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

    private async ValueTask<CollateralFile> FindTcbInfoAsync(string path, CollateralDemand demand, bool async, CancellationToken cancellationToken)
    {
        try
        {
            return await IntelAsync(path, "Intel's TCB info", PcsRequests.TcbInfoChainHeader, demand, async, cancellationToken).ConfigureAwait(false);
        }
        catch (PrivatemodeServiceException exception) when (IsUnknown(exception))
        {
            throw Unknown(TdxChecks.PlatformUnknown, "Intel has no TCB info about the platform's family (FMSPC)", exception);
        }
    }

    // The request is made of what the evidence says, so this answer is about the evidence. Of any other file it says that something is wrong on the way.
    private static bool IsUnknown(PrivatemodeServiceException exception) => exception.Status is BadRequest or NotFound;

    private static PrivatemodeVerificationException Unknown(string check, string what, PrivatemodeServiceException answer) => new(
        check,
        $"{what}. Do not send anything. If CollateralProxy is set, check that it reaches the vendor.",
        "a file for what the evidence names",
        $"status {answer.Status}");

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
