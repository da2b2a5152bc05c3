using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Attestation.Tdx;
using Privatemode.AI.Fuzz.Corpus;

namespace Privatemode.AI.Fuzz.Targets;

/// <summary>Certificates, what AMD and Intel put into them, revocation lists and PEM.</summary>
internal static class CertificateTargets
{
    private const string AmdArc = "1.3.6.1.4.1.3704.";

    public static IEnumerable<FuzzTarget> Create()
    {
        (FuzzSeed Seed, SevTrustAnchors Anchors, DateTimeOffset At)[] snp = [.. SnpTarget.Evidence()];
        (FuzzSeed Seed, TdxTrustAnchors Anchors, DateTimeOffset At)[] tdx = [.. TdxTarget.Evidence()];
        yield return new FuzzTarget(
            "certificate",
            [.. snp.SelectMany(item => Amd(item.Seed)), .. tdx.SelectMany(item => Intel(item.Seed))],
            parts => SignedParts.OfDer("certificate", parts[0]));
        yield return new FuzzTarget(
            "crl",
            [
                .. snp.Where(item => item.Seed.Parts[4].Length > 0).Select(item => List(item.Seed.Name, item.Seed.Parts[4], item.Seed.Parts[3], item.At)),
                .. tdx.SelectMany(item => Chains(item.Seed).Take(1).SelectMany(chain => (FuzzSeed[])
                    [List(item.Seed.Name, item.Seed.Parts[5], chain[1], item.At), List(item.Seed.Name, item.Seed.Parts[7], chain[2], item.At)])),
            ],
            parts => SignedParts.OfDer("list", parts[0]));
        yield return new FuzzTarget("vek-extensions", [.. snp.SelectMany(item => VekValues(item.Seed))]);
        yield return new FuzzTarget("pck-extension", [.. tdx.SelectMany(item => PckValues(item.Seed))]);
        yield return new FuzzTarget("pem", [.. tdx.SelectMany(item => Texts(item.Seed)).Concat(ThirdPartyTexts())]);
    }

    private static IEnumerable<FuzzSeed> Amd(FuzzSeed evidence) =>
    [
        Certificate(evidence.Name, evidence.Parts[1], evidence.Parts[2]),
        Certificate(evidence.Name, evidence.Parts[2], evidence.Parts[3]),
        Certificate(evidence.Name, evidence.Parts[3], evidence.Parts[3]),
    ];

    private static IEnumerable<FuzzSeed> Intel(FuzzSeed evidence)
    {
        foreach (byte[][] chain in Chains(evidence))
        {
            for (int i = 0; i < chain.Length; i++)
            {
                yield return Certificate(evidence.Name, chain[i], chain[Math.Min(i + 1, chain.Length - 1)]);
            }
        }
    }

    private static FuzzSeed Certificate(string name, byte[] certificate, byte[] issuer) => new(name, [certificate], parts =>
    {
        Certificate read = Attestation.Certificates.Certificate.Parse(parts[0], "the certificate");
        _ = Refuses(() => read.ReadSubject());
        _ = Refuses(() => read.ReadIssuer());
        _ = Refuses(() => SubjectKeys.ImportP256(read).Dispose());
        _ = Refuses(() => SubjectKeys.ImportP384(read).Dispose());
        _ = Refuses(() => SubjectKeys.ImportRsa(read).Dispose());
        _ = Refuses(() => VekCertificate.Parse(parts[0]));
        using CertificateIssuer by = Issuer(issuer);
        ChainRules.CheckIssuedBy(read, by);
        return true;
    });

    private static FuzzSeed List(string name, byte[] list, byte[] issuer, DateTimeOffset at) => new(name, [list], parts =>
    {
        CertificateRevocationList read = CertificateRevocationList.Parse(parts[0], "the issuer");
        _ = read.IsRevoked(parts[0].AsMemory(0, Math.Min(parts[0].Length, 20)));
        using CertificateIssuer by = Issuer(issuer);
        read.Verify(by, at);
        return true;
    });

    private static CertificateIssuer Issuer(byte[] der)
    {
        Certificate certificate = Attestation.Certificates.Certificate.Parse(der, "the issuer");
        return certificate.Algorithm == SignatureAlgorithm.RsaPssSha384 ? CertificateIssuer.WithRsa(certificate) : CertificateIssuer.WithP256(certificate);
    }

    // The values of all extensions of AMD's as parts; an empty one is left out.
    private static IEnumerable<FuzzSeed> VekValues(FuzzSeed evidence)
    {
        if (Refuses(() => VekCertificate.Parse(evidence.Parts[1])))
        {
            yield break;
        }

        VekCertificate vek = VekCertificate.Parse(evidence.Parts[1]);
        IEnumerable<string> all = vek.Certificate.Extensions.Keys;
        string[] identifiers = [.. all.Where(key => key.StartsWith(AmdArc, StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        yield return new FuzzSeed(evidence.Name, [.. identifiers.Select(key => vek.Certificate.Extensions[key].Value.ToArray())], parts =>
        {
            Dictionary<string, CertificateExtension> extensions = [];
            for (int i = 0; i < Math.Min(identifiers.Length, parts.Length); i++)
            {
                if (parts[i].Length > 0)
                {
                    extensions[identifiers[i]] = new CertificateExtension(false, parts[i]);
                }
            }

            _ = VekExtensions.Parse(extensions, vek.Signer, vek.Line);
            return true;
        });
    }

    private static IEnumerable<FuzzSeed> PckValues(FuzzSeed evidence)
    {
        foreach (byte[][] chain in Chains(evidence).Take(1))
        {
            Certificate leaf = Attestation.Certificates.Certificate.Parse(chain[0], "the leaf");
            if (leaf.Extensions.TryGetValue(PckExtensions.ObjectIdentifier, out CertificateExtension? extension))
            {
                yield return new FuzzSeed(evidence.Name, [extension.Value.ToArray()], parts =>
                {
                    _ = PckExtensions.Parse(parts[0]);
                    return true;
                });
            }
        }
    }

    private static IEnumerable<FuzzSeed> Texts(FuzzSeed evidence) => new[] { evidence.Parts[2], evidence.Parts[4] }.Select(text => Text(evidence.Name, text));

    private static IEnumerable<FuzzSeed> ThirdPartyTexts() =>
        CorpusFiles.ThirdPartyFiles("contrast", "*.pem").Select(file => Text(file.Name, file.Bytes));

    private static FuzzSeed Text(string name, byte[] text) => new(name, [text], parts =>
    {
        foreach (ReadOnlyMemory<byte> der in Pem.ReadCertificates(parts[0], 3))
        {
            _ = Attestation.Certificates.Certificate.Parse(der, "the certificate");
        }

        return true;
    });

    // The chain of the quote, where it can be read, and those of the documents.
    private static IEnumerable<byte[][]> Chains(FuzzSeed evidence)
    {
        List<byte[][]> chains = [];
        _ = Refuses(() =>
        {
            ReadOnlySpan<byte> pem = TdxQuote.Parse(evidence.Parts[0]).PckChain.Span;
            chains.Add(Read(pem.TrimEnd((byte)0)));
        });
        _ = Refuses(() => chains.Add(Read(evidence.Parts[2])));
        return chains.Where(chain => chain.Length > 1);
    }

    private static byte[][] Read(ReadOnlySpan<byte> pem)
    {
        byte[][] chain = [.. Pem.ReadCertificates(pem, 3).Select(der => der.ToArray())];
        foreach (byte[] der in chain)
        {
            _ = Attestation.Certificates.Certificate.Parse(der, "the certificate");
        }

        return chain;
    }

    private static bool Refuses(Action action)
    {
        try
        {
            action();
            return false;
        }
        catch (PrivatemodeVerificationException)
        {
            return true;
        }
    }
}
