using System.Security.Cryptography;
using Privatemode.AI.Testing.Evidence.Certificates;

namespace Privatemode.AI.Testing.Evidence.Tdx;

/// <summary>The evidence and collateral that a plan describes. Each part is signed once, when it is first used. Thread-safe.</summary>
internal sealed class IssuedTdx
{
    private readonly TdxPlan _plan;
    private readonly Lazy<byte[]> _root;
    private readonly Lazy<byte[]> _pckAuthority;
    private readonly Lazy<byte[]> _pck;
    private readonly Lazy<byte[]> _tcbSigning;
    private readonly Lazy<byte[]> _tcbInfo;
    private readonly Lazy<byte[]> _qeIdentity;
    private readonly Lazy<byte[]> _pckList;
    private readonly Lazy<byte[]> _processorList;
    private readonly Lazy<byte[]> _rootList;

    public IssuedTdx(TdxPlan plan)
    {
        _plan = plan;
        _root = new Lazy<byte[]>(() => plan.Root.Sign(plan.RootKey));
        _pckAuthority = new Lazy<byte[]>(() => plan.PckAuthority.Sign(plan.RootKey));
        _pck = new Lazy<byte[]>(SignPck);
        _tcbSigning = new Lazy<byte[]>(() => plan.TcbSigning.Sign(plan.RootKey));
        _tcbInfo = new Lazy<byte[]>(() => plan.TcbInfo.Sign(plan.TcbInfoSigner));
        _qeIdentity = new Lazy<byte[]>(() => plan.QeIdentity.Sign(plan.QeIdentitySigner));
        _pckList = new Lazy<byte[]>(plan.PckList.Sign);
        _processorList = new Lazy<byte[]>(plan.ProcessorList.Sign);
        _rootList = new Lazy<byte[]>(plan.RootList.Sign);
    }

    /// <summary>The root certificate (DER).</summary>
    public byte[] Root => _root.Value;

    public byte[] PckAuthority => _pckAuthority.Value;

    public byte[] Pck => _pck.Value;

    public byte[] TcbSigning => _tcbSigning.Value;

    /// <summary>The TCB info as it is served (JSON).</summary>
    public byte[] TcbInfo => _tcbInfo.Value;

    public string TcbInfoChain => Pem(_plan.TcbInfoChain?.Invoke(this) ?? [TcbSigning, Root]);

    public byte[] QeIdentity => _qeIdentity.Value;

    public string QeIdentityChain => Pem(_plan.QeIdentityChain?.Invoke(this) ?? [TcbSigning, Root]);

    /// <summary>The revocation list of PCK certificates (DER).</summary>
    public byte[] PckList => _pckList.Value;

    public byte[] ProcessorList => _processorList.Value;

    public string PckListChain => Pem([PckAuthority, Root]);

    public byte[] RootList => _rootList.Value;

    /// <summary>The platform type (FMSPC) of the documents, in lower-case hexadecimal, as in requests.</summary>
    public string Fmspc => Convert.ToHexStringLower((_plan.Platform ?? new PckPlatform()).Fmspc);

    public int EvaluationNumber => _plan.TcbInfo.EvaluationNumber;

    /// <summary>Creates a quote for the specified report data.</summary>
    /// <param name="reportData">The report data, 64 bytes.</param>
    /// <param name="is15">Whether a quote of version 5 contains a TD report 1.5.</param>
    public QuoteParts Attest(byte[] reportData, bool is15 = false)
    {
        TdReport body = _plan.Body.Clone();
        body.ReportData = reportData;
        QeReport qeReport = _plan.QeReport.Clone();
        qeReport.ReportData = [.. SHA256.HashData([.. Point(_plan.BoundKey), .. _plan.QeAuthData]), .. new byte[32]];
        IReadOnlyList<byte[]> chain = [Pck, PckAuthority, Root];
        string text = Pem(_plan.ChangeChain?.Invoke(chain) ?? chain);
        QuoteParts parts = new()
        {
            Header = _plan.Header,
            Body = body,
            Signature = _plan.AttestationKey.SignRaw(QuoteParts.ToBeSigned(_plan.Header, body, is15)),
            AttestationKey = Point(_plan.AttestationKey),
            QeReport = qeReport,
            QeReportSignature = _plan.QeReportSigner.SignRaw(qeReport.Write()),
            QeAuthData = _plan.QeAuthData,
            Chain = _plan.ChangeChainText?.Invoke(text) ?? text + "\0",
        };
        _plan.AfterSigning?.Invoke(parts);
        return parts;
    }

    private byte[] Point(EcKey key) => _plan.ChangeAttestationKey?.Invoke(key.PublicPoint) ?? key.PublicPoint;

    private byte[] SignPck()
    {
        CertificateTemplate template = IntelAuthority.Pck(
            IntelAuthority.PlatformCaName, TestKeys.PckLeaf, _plan.PckAuthorityKey, _plan.PckFrom, _plan.PckTo, _plan.Platform?.ToExtension());
        _plan.ChangePck?.Invoke(template);
        return template.Sign(_plan.PckAuthorityKey);
    }

    // Each block ends with a line break, as in real quotes.
    private static string Pem(IEnumerable<byte[]> certificates) =>
        string.Concat(certificates.Select(certificate => PemEncoding.WriteString("CERTIFICATE", certificate) + "\n"));
}
