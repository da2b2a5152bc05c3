using System.Net;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Attestation.Tdx;

namespace Privatemode.AI.Verification;

/// <summary>Downloads the collateral for evidence.</summary>
/// <param name="anchors">The root keys under which files are authentic and therefore stored.</param>
/// <param name="options">The options of the verification, which determine whether it requires Intel's newest TCB info.</param>
internal sealed class CollateralCollector(
    CollateralStore store, CollateralAddresses addresses, ContrastTrustAnchors anchors, ContrastOptions options, TimeProvider time)
{
    private const int CertificateLimit = 64 * 1024;
    private const int ListLimit = 4 * 1024 * 1024;

    /// <summary>Downloads all collateral.</summary>
    /// <exception cref="PrivatemodeServiceException">A file could not be retrieved. This does not mean that verification failed.</exception>
    /// <exception cref="PrivatemodeVerificationException">AMD or Intel does not know the chip or platform in the evidence, or the files so far show that
    /// the evidence is forged. Further files would not change this result.</exception>
    public ValueTask<CollectedCollateral> CollectAsync(ParsedEvidence evidence, bool fresh, bool async, CancellationToken cancellationToken) =>
        evidence is ParsedSnpEvidence snp
            ? CollectSnpAsync(snp, fresh, async, cancellationToken)
            : CollectTdxAsync((ParsedTdxEvidence)evidence, fresh, async, cancellationToken);

    private static CollateralFreshness FreshnessFor(CollateralFreshness usual, bool fresh) => fresh ? CollateralFreshness.Fresh : usual;

    private async ValueTask<CollectedCollateral> CollectSnpAsync(
        ParsedSnpEvidence evidence, bool fresh, bool async, CancellationToken cancellationToken)
    {
        using SnpDocuments documents = new(evidence, anchors.Sev, time.GetUtcNow());
        (CollateralFile? chain, PrivatemodeServiceException? failure) =
            await FindChainAsync(evidence.ChainPath, documents, fresh, async, cancellationToken).ConfigureAwait(false);
        byte[] issuers = chain?.Body ?? [];
        CollateralFile? vcek = evidence.VcekPath is { } path
            ? await FindChipAsync(path, documents, issuers, fresh, async, cancellationToken).ConfigureAwait(false)
            : null;
        if (vcek is { IsFromCache: false } or { Version: not null })
        {
            documents.CheckSigner(vcek.Body);
        }

        if (failure is not null)
        {
            ExceptionDispatchInfo.Throw(failure);
        }

        CheckChain(documents, vcek, chain);

        // The list in the evidence may be an older one, so AMD's current one is requested too.
        CollateralFile list = await store.GetAsync(
            new CollateralRequest(
                AtAmd(evidence.ListPath), ListLimit, "AMD's revocation list", file => documents.FindRevocationList(file.Body, issuers))
            {
                Supplied = evidence.Message.Crl is { } supplied ? new CollateralFile(BytesOf(supplied), "", CollateralFile.NeverFetched) : null,
            },
            FreshnessFor(CollateralFreshness.Hourly, fresh), async, cancellationToken).ConfigureAwait(false);
        return new CollectedCollateral(
            () => new ContrastCollateral
            {
                Snp = evidence.Combine(issuers, list.Body) with { IsCrlSupplied = list.FetchedAt == CollateralFile.NeverFetched },
                Vcek = vcek?.Body ?? [],
            },
            vcek,
            chain,
            list);
    }

    /// <summary>Finds the chain, with which the chip's certificate is verified. If the chain is not available, that certificate can still show that the report
    /// is forged.</summary>
    private async ValueTask<(CollateralFile? Chain, PrivatemodeServiceException? Failure)> FindChainAsync(
        string? path, SnpDocuments documents, bool fresh, bool async, CancellationToken cancellationToken)
    {
        if (path is null)
        {
            return default;
        }

        try
        {
            // AMD has replaced an intermediate before, so a chain is not permanent.
            CollateralRequest request = new(AtAmd(path), CertificateLimit, "AMD's certificate chain", file => documents.FindChain(file.Body));
            return (await store.GetAsync(request, FreshnessFor(CollateralFreshness.Recent, fresh), async, cancellationToken).ConfigureAwait(false), null);
        }
        catch (PrivatemodeServiceException exception)
        {
            return (null, exception);
        }
    }

    private async ValueTask<CollateralFile> FindChipAsync(
        string path, SnpDocuments documents, byte[] issuers, bool fresh, bool async, CancellationToken cancellationToken)
    {
        try
        {
            // It never changes: another copy can be better only if this one is damaged.
            CollateralRequest request = new(
                AtAmd(path), CertificateLimit, "AMD's certificate of the chip", file => documents.FindVcek(file.Body, issuers))
            {
                // AMD has one for every TCB version that a report names, even for a report that no chip has signed.
                MayKeep = file => documents.HasSigned(file.Body),
            };
            return await store.GetAsync(request, FreshnessFor(CollateralFreshness.Unchanging, fresh), async, cancellationToken).ConfigureAwait(false);
        }
        catch (PrivatemodeServiceException exception) when (IsUnknown(exception))
        {
            throw Unknown(SevChecks.ChipUnknown, "AMD has no certificate for the chip and the TCB version that the report names", exception);
        }
    }

    /// <summary>
    /// Verifies the report's chain before the list is downloaded: otherwise, while the list is unavailable, a forged report would look like a network error.
    /// </summary>
    private void CheckChain(SnpDocuments documents, CollateralFile? vcek, CollateralFile? chain)
    {
        // If a stored copy may have caused a failure, the final verification decides, after which copies are downloaded again. AMD may have replaced
        // its intermediate since; a certificate in the evidence is not excused, because an attacker could make clients download.
        DateTimeOffset now = time.GetUtcNow();
        bool isDecided = vcek is null
            ? chain is not null && documents.IsGenuine(chain.Body, now)
            : !vcek.IsFromCache && chain is not { IsFromCache: true };
        if (isDecided)
        {
            documents.CheckChain(vcek?.Body ?? default(ReadOnlyMemory<byte>), chain?.Body ?? default(ReadOnlyMemory<byte>), now);
        }
    }

    private Uri AtAmd(string pathAndQuery) => CollateralAddresses.Of(addresses.Amd, pathAndQuery);

    private static byte[] BytesOf(ReadOnlyMemory<byte> memory) =>
        MemoryMarshal.TryGetArray(memory, out ArraySegment<byte> segment) && segment.Count == segment.Array!.Length ? segment.Array : memory.ToArray();

    private async ValueTask<CollectedCollateral> CollectTdxAsync(
        ParsedTdxEvidence evidence, bool fresh, bool async, CancellationToken cancellationToken)
    {
        PcsRequests needs = evidence.Requests;
        IntelCollateralSource files = new(store, addresses, new TdxDocuments(evidence.Quote, anchors.Tdx, time.GetUtcNow()), fresh, async, cancellationToken);
        CollateralFile tcbInfo = await FindKnownTcbInfoAsync(files, needs).ConfigureAwait(false);
        CollateralFile? newest = needs.NewestTcbInfo == needs.TcbInfo ? tcbInfo : await FindNewestTcbInfoAsync(files, needs).ConfigureAwait(false);
        tcbInfo = NewerOfOneEvaluation(tcbInfo, newest);
        CollateralFile identity = await FindQeIdentityAsync(files, needs).ConfigureAwait(false);
        CollateralFile pckList = await files.PckCrlAsync(needs.PckCrl).ConfigureAwait(false);
        CollateralFile rootList = await files.RootCrlAsync(needs.RootCrl).ConfigureAwait(false);
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
                    rootList.Body)
                {
                    NewestTcbInfo = newest?.Body,
                    NewestTcbInfoChain = newest is null ? default : PcsRequests.DecodeChain(newest.Chain),
                },
            },
            tcbInfo,
            newest,
            identity,
            pckList,
            rootList);
    }

    private static async ValueTask<CollateralFile> FindKnownTcbInfoAsync(IntelCollateralSource files, PcsRequests needs)
    {
        try
        {
            return await FindTcbInfoAsync(files, needs).ConfigureAwait(false);
        }
        catch (PrivatemodeServiceException exception) when (IsUnknown(exception))
        {
            throw Unknown(TdxChecks.PlatformUnknown, "Intel has no TCB info about the platform's family (FMSPC)", exception);
        }
    }

    // The request is built from the evidence, so this answer is about the evidence. For other files, it means that the mirror or network is wrong.
    private static bool IsUnknown(PrivatemodeServiceException exception) => exception.Status is (int)HttpStatusCode.BadRequest or (int)HttpStatusCode.NotFound;

    private static PrivatemodeVerificationException Unknown(string check, string what, PrivatemodeServiceException answer) =>
        PrivatemodeVerificationException.Create(
            check,
            $"{what}. Do not send anything. If Verification.CollateralEndpoint is set, check that it serves the documents of AMD and Intel.",
            "a file for what the evidence names",
            $"status {answer.Status}");

    private static async ValueTask<CollateralFile> FindTcbInfoAsync(IntelCollateralSource files, PcsRequests needs)
    {
        try
        {
            CollateralFile file = await files.TcbInfoAsync(needs.TcbInfo).ConfigureAwait(false);
            if (!file.IsWithdrawn || needs.NewestTcbInfo == needs.TcbInfo)
            {
                return file;
            }
        }
        catch (PrivatemodeServiceException exception) when (exception.Status == (int)HttpStatusCode.Gone && needs.NewestTcbInfo != needs.TcbInfo)
        {
        }

        // Intel drops old evaluations. The newest is stricter, and the manifest's minimum is checked in any case.
        return await files.TcbInfoAsync(needs.NewestTcbInfo).ConfigureAwait(false);
    }

    // Two addresses may have the same evaluation: a host must not revert at one what it published at the other.
    private static CollateralFile NewerOfOneEvaluation(CollateralFile tcbInfo, CollateralFile? newest) =>
        (tcbInfo.Version, newest?.Version) is ({ } version, { } other) && version.Number == other.Number && version.IsOlderThan(other)
            ? newest!
            : tcbInfo;

    // The evaluation that the manifest names decides. The newest one is reported in addition, if it is available.
    private async ValueTask<CollateralFile?> FindNewestTcbInfoAsync(IntelCollateralSource files, PcsRequests needs)
    {
        try
        {
            return await files.TcbInfoAsync(needs.NewestTcbInfo).ConfigureAwait(false);
        }
        catch (PrivatemodeServiceException) when (!options.RequireNewestTdxTcbInfo)
        {
            return null;
        }
    }

    // Always the newest, as in Contrast's verifier: Intel revokes quoting enclaves only in newer ones.
    private static async ValueTask<CollateralFile> FindQeIdentityAsync(IntelCollateralSource files, PcsRequests needs)
    {
        CollateralFile newest = await files.QeIdentityAsync(needs.QeIdentity).ConfigureAwait(false);
        return newest.Version is { } version && version.Number < needs.EvaluationDataNumber
            ? await files.QeIdentityAsync(needs.QeIdentityOfEvaluation).ConfigureAwait(false)
            : newest;
    }
}

/// <summary>Downloads the collateral for one quote.</summary>
internal sealed class IntelCollateralSource(
    CollateralStore store, CollateralAddresses addresses, TdxDocuments documents, bool fresh, bool async, CancellationToken cancellationToken)
{
    // Several times the size of Intel's documents and lists.
    private const int Limit = 4 * 1024 * 1024;

    public ValueTask<CollateralFile> TcbInfoAsync(string path) =>
        GetAsync(path, "Intel's TCB info", PcsRequests.TcbInfoChainHeader, documents.FindTcbInfo);

    public ValueTask<CollateralFile> QeIdentityAsync(string path) =>
        GetAsync(path, "Intel's QE identity", PcsRequests.QeIdentityChainHeader, documents.FindQeIdentity);

    public ValueTask<CollateralFile> PckCrlAsync(string path) =>
        GetAsync(path, "Intel's revocation list of platforms", PcsRequests.PckCrlChainHeader, documents.FindPckCrl);

    public ValueTask<CollateralFile> RootCrlAsync(string path) => GetAsync(new CollateralRequest(
        CollateralAddresses.Of(addresses.IntelCertificates, path), Limit, "the revocation list of Intel's root", file => documents.FindRootCrl(file.Body)));

    private ValueTask<CollateralFile> GetAsync(
        string path, string what, string chainHeader, Func<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>, DocumentVersion?> find)
    {
        Uri address = CollateralAddresses.Of(addresses.Intel, path);
        return GetAsync(new CollateralRequest(address, Limit, what, file => find(file.Body, PcsRequests.DecodeChain(file.Chain)))
        {
            ChainHeader = chainHeader,
        });
    }

    private ValueTask<CollateralFile> GetAsync(CollateralRequest request) =>
        store.GetAsync(request, fresh ? CollateralFreshness.Fresh : CollateralFreshness.Hourly, async, cancellationToken);
}

/// <summary>The addresses of collateral. A configured endpoint replaces all three hosts; paths and queries stay the same.</summary>
/// <param name="Amd">AMD's key distribution service.</param>
/// <param name="Intel">Intel's provisioning certification service.</param>
/// <param name="IntelCertificates">Intel's certificate server.</param>
internal sealed record CollateralAddresses(Uri Amd, Uri Intel, Uri IntelCertificates)
{
    public static CollateralAddresses Vendors { get; } = new(
        new Uri("https://kdsintf.amd.com"),
        new Uri("https://api.trustedservices.intel.com"),
        new Uri("https://certificates.trustedservices.intel.com"));

    public static CollateralAddresses At(Uri endpoint) => new(endpoint, endpoint, endpoint);

    /// <summary>Appends a path and query to a base address, which can have a path itself.</summary>
    public static Uri Of(Uri baseAddress, string pathAndQuery) => new(baseAddress.GetLeftPart(UriPartial.Path).TrimEnd('/') + pathAndQuery);
}

/// <summary>The collateral for a verification, as downloaded.</summary>
/// <param name="files">The downloaded files; null for one that was not needed.</param>
internal sealed class CollectedCollateral(Func<ContrastCollateral> combine, params CollateralFile?[] files)
{
    /// <summary>Whether at least one file is a copy from a cache.</summary>
    public bool HasCopies => files.Any(file => file?.IsFromCache == true);

    /// <summary>Whether at least one file is older than required, because its host is unavailable.</summary>
    public bool HasStale => files.Any(file => file?.IsStale == true);

    /// <exception cref="PrivatemodeVerificationException">One of the files is malformed.</exception>
    public ContrastCollateral Combine() => combine();
}
