using Privatemode.AI.Testing.Evidence.Certificates;

namespace Privatemode.AI.Testing.Evidence.Tdx;

/// <summary>TDX evidence and its collateral before anything is signed. Initially it is valid; a defect changes one thing.</summary>
internal sealed class TdxPlan
{
    private static readonly TimeSpan PlatformAge = TimeSpan.FromDays(180);
    private static readonly TimeSpan PlatformValidity = TimeSpan.FromDays(7 * 365);
    private static readonly TimeSpan DocumentValidity = TimeSpan.FromDays(30);
    private static readonly TimeSpan RootListValidity = TimeSpan.FromDays(380);

    public TdxPlan(DateTimeOffset day)
    {
        PckFrom = day - PlatformAge;
        PckTo = PckFrom + PlatformValidity;
        TcbInfo = new TcbInfo { IssueDate = day, NextUpdate = day + DocumentValidity };
        QeIdentity = new QeIdentity { IssueDate = day, NextUpdate = day + DocumentValidity };
        PckList = List(IntelAuthority.PlatformCaName, TestKeys.PckPlatformCa, day, DocumentValidity);
        ProcessorList = List(IntelAuthority.ProcessorCaName, TestKeys.PckProcessorCa, day, DocumentValidity);
        RootList = List(IntelAuthority.RootName, TestKeys.IntelRoot, day, RootListValidity);
    }

    public QuoteHeader Header { get; } = new();

    public TdReport Body { get; } = new();

    /// <summary>The attestation key in the quote.</summary>
    public EcKey AttestationKey { get; set; } = TestKeys.QuoteAttestation;

    /// <summary>The key whose hash is in the quoting enclave's report. It is <see cref="AttestationKey"/> unless it was replaced.</summary>
    public EcKey BoundKey { get; set; } = TestKeys.QuoteAttestation;

    /// <summary>Changes the public key in the quote, and with it the hash in the quoting enclave's report.</summary>
    public Func<byte[], byte[]>? ChangeAttestationKey { get; set; }

    public QeReport QeReport { get; } = new();

    public EcKey QeReportSigner { get; set; } = TestKeys.PckLeaf;

    public byte[] QeAuthData { get; set; } = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    /// <summary>Changes the parts after they have been signed.</summary>
    public Action<QuoteParts>? AfterSigning { get; set; }

    public EcKey RootKey { get; set; } = TestKeys.IntelRoot;

    public CertificateTemplate Root { get; set; } = IntelAuthority.Root(TestKeys.IntelRoot);

    public EcKey PckAuthorityKey { get; set; } = TestKeys.PckPlatformCa;

    public CertificateTemplate PckAuthority { get; set; } =
        IntelAuthority.PckAuthority(IntelAuthority.PlatformCaName, TestKeys.PckPlatformCa, TestKeys.IntelRoot);

    /// <summary>The platform in the PCK certificate; null to omit it.</summary>
    public PckPlatform? Platform { get; set; } = new();

    public DateTimeOffset PckFrom { get; set; }

    public DateTimeOffset PckTo { get; set; }

    /// <summary>Gets or sets a function that changes the PCK certificate before it is signed.</summary>
    public Action<CertificateTemplate>? ChangePck { get; set; }

    /// <summary>Gets or sets a function that changes the quote's certificate chain: leaf, intermediate, root.</summary>
    public Func<IReadOnlyList<byte[]>, IReadOnlyList<byte[]>>? ChangeChain { get; set; }

    /// <summary>Gets or sets a function that changes the PEM text of the quote's certificate chain.</summary>
    public Func<string, string>? ChangeChainText { get; set; }

    public CertificateTemplate TcbSigning { get; } = IntelAuthority.TcbSigning(TestKeys.TcbSigning, TestKeys.IntelRoot);

    public TcbInfo TcbInfo { get; }

    public QeIdentity QeIdentity { get; }

    public EcKey TcbInfoSigner { get; set; } = TestKeys.TcbSigning;

    public EcKey QeIdentitySigner { get; set; } = TestKeys.TcbSigning;

    /// <summary>Changes the certificates that are served with the TCB info: signer, root.</summary>
    public Func<IssuedTdx, IReadOnlyList<byte[]>>? TcbInfoChain { get; set; }

    public Func<IssuedTdx, IReadOnlyList<byte[]>>? QeIdentityChain { get; set; }

    public RevocationListTemplate PckList { get; set; }

    public RevocationListTemplate ProcessorList { get; }

    public RevocationListTemplate RootList { get; set; }

    private static RevocationListTemplate List(string issuer, EcKey key, DateTimeOffset day, TimeSpan validity)
    {
        RevocationListTemplate list = new()
        {
            Issuer = DistinguishedName.Intel(issuer),
            IssuerKey = key,
            ThisUpdate = day,
            NextUpdate = day + validity,
        };
        list.Revoked.Add(IntelAuthority.Serial("revoked long ago"));
        return list;
    }
}
