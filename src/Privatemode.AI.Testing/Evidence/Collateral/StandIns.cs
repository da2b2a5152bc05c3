using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Privatemode.AI.Testing.Evidence.Sev;
using Privatemode.AI.Testing.Evidence.Tdx;

namespace Privatemode.AI.Testing.Evidence.Collateral;

/// <summary>Stand-ins for the publisher, AMD's key distribution service and Intel's provisioning service, as far as a client needs them.</summary>
internal static class StandIns
{
    public const string ManifestPath = "/privatemode/v2/manifest.json";
    private const string CertificateList = "application/pkix-crl";

    /// <summary>Returns the evidence source to which a path belongs, or null.</summary>
    public static EvidenceSource? Find(string method, string path)
    {
        string[] parts = path.Split('/');
        return (method, parts) switch
        {
            ("POST", ["", "privatemode", "v1", "attest"]) => EvidenceSource.Attestation,
            ("GET", ["", "privatemode", "v2", "manifest.json"]) => EvidenceSource.Manifest,
            ("GET", ["", "vcek" or "vlek", "v1", _, "cert_chain"]) => EvidenceSource.AmdCertificateChain,
            ("GET", ["", "vcek" or "vlek", "v1", _, "crl"]) => EvidenceSource.AmdRevocationList,
            ("GET", ["", "vcek", "v1", _, _]) => EvidenceSource.AmdChipCertificate,
            ("GET", ["", "tdx", "certification", "v4", "tcb"]) => EvidenceSource.IntelTcbInfo,
            ("GET", ["", "tdx", "certification", "v4", "qe", "identity"]) => EvidenceSource.IntelQeIdentity,
            ("GET", ["", "sgx", "certification", "v4", "pckcrl"]) => EvidenceSource.IntelPlatformRevocationList,
            ("GET", ["", "IntelSGXRootCA.der"]) => EvidenceSource.IntelRootRevocationList,
            _ => null,
        };
    }

    /// <summary>Returns the answer of an evidence source other than the gateway.</summary>
    /// <param name="source">The evidence source.</param>
    /// <param name="evidence">The evidence of the deployment.</param>
    /// <param name="path">The path of the request.</param>
    /// <param name="query">The query parameters of the request.</param>
    public static StandInAnswer Answer(EvidenceSource source, IssuedEvidence evidence, string path, IReadOnlyDictionary<string, string> query) =>
        (source, evidence) switch
        {
            (EvidenceSource.Manifest, _) => new StandInAnswer(200, "application/json", evidence.PublishedManifest),
            (EvidenceSource.AmdChipCertificate or EvidenceSource.AmdCertificateChain or EvidenceSource.AmdRevocationList, { Snp: { } snp }) =>
                Amd(source, snp, path, query),
            (EvidenceSource.IntelTcbInfo, { Tdx: { } tdx }) => TcbInfo(tdx, query),
            (EvidenceSource.IntelQeIdentity, { Tdx: { } tdx }) =>
                Json(tdx.QeIdentity, "SGX-Enclave-Identity-Issuer-Chain", tdx.QeIdentityChain),
            (EvidenceSource.IntelPlatformRevocationList, { Tdx: { } tdx }) => PlatformList(tdx, query),
            (EvidenceSource.IntelRootRevocationList, { Tdx: { } tdx }) => StandInAnswer.Der(tdx.RootList, CertificateList),
            _ => StandInAnswer.NotFound,
        };

    private static StandInAnswer Amd(EvidenceSource source, IssuedSnp snp, string path, IReadOnlyDictionary<string, string> query)
    {
        string[] parts = path.Split('/');
        if (parts[3] != snp.ReportLine.Name)
        {
            return StandInAnswer.NotFound;
        }

        return source switch
        {
            EvidenceSource.AmdRevocationList when snp.RevocationList is { } list => StandInAnswer.Der(list, CertificateList),
            EvidenceSource.AmdCertificateChain when parts[1] == (snp.IsVlek ? "vlek" : "vcek") => new StandInAnswer(
                200, "application/x-pem-file", Encoding.ASCII.GetBytes(Pem("CERTIFICATE", snp.Intermediate) + Pem("CERTIFICATE", snp.Root))),
            EvidenceSource.AmdChipCertificate when !snp.IsVlek && IsOwnChip(snp, parts[4], query) => StandInAnswer.Der(snp.Vek, "application/pkix-cert"),
            _ => StandInAnswer.NotFound,
        };
    }

    // As strict as a service that derives the key from all of these.
    private static bool IsOwnChip(IssuedSnp snp, string hardwareId, IReadOnlyDictionary<string, string> query)
    {
        (byte[] chip, SnpTcb tcb) = snp.Chip;
        return hardwareId == Convert.ToHexStringLower(chip)
            && Is("blSPL", tcb.BootLoader) && Is("teeSPL", tcb.Tee) && Is("snpSPL", tcb.Snp) && Is("ucodeSPL", tcb.Microcode);

        bool Is(string name, byte value) =>
            query.TryGetValue(name, out string? text) && byte.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out byte given) && given == value;
    }

    private static StandInAnswer TcbInfo(IssuedTdx tdx, IReadOnlyDictionary<string, string> query)
    {
        if (!query.TryGetValue("fmspc", out string? fmspc) || fmspc.Length != 12)
        {
            return StandInAnswer.BadRequest;
        }

        return string.Equals(fmspc, tdx.Fmspc, StringComparison.OrdinalIgnoreCase)
            ? Json(tdx.TcbInfo, "TCB-Info-Issuer-Chain", tdx.TcbInfoChain)
            : StandInAnswer.NotFound;
    }

    private static StandInAnswer PlatformList(IssuedTdx tdx, IReadOnlyDictionary<string, string> query)
    {
        byte[]? list = query.GetValueOrDefault("ca") switch
        {
            "platform" => tdx.PckList,
            "processor" => tdx.ProcessorList,
            _ => null,
        };
        if (list is null)
        {
            return StandInAnswer.BadRequest;
        }

        // Without the parameter the list comes as PEM.
        StandInAnswer answer = query.GetValueOrDefault("encoding") == "der"
            ? StandInAnswer.Der(list, CertificateList)
            : new StandInAnswer(200, "application/x-pem-file", Encoding.ASCII.GetBytes(Pem("X509 CRL", list)));
        return answer with { IssuerChain = ("SGX-PCK-CRL-Issuer-Chain", Uri.EscapeDataString(tdx.PckListChain)) };
    }

    private static StandInAnswer Json(byte[] document, string header, string chain) =>
        new(200, "application/json", document) { IssuerChain = chain.Length == 0 ? null : (header, Uri.EscapeDataString(chain)) };

    private static string Pem(string label, byte[] der) => PemEncoding.WriteString(label, der) + "\n";
}
