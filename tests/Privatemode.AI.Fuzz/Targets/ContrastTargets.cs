using System.Text;
using System.Text.Json;
using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Attestation.Tdx;
using Privatemode.AI.Fuzz.Corpus;
using Privatemode.AI.Verification;

namespace Privatemode.AI.Fuzz.Targets;

/// <summary>What the coordinator writes: answer, document, manifest, and the evidence in protobuf.</summary>
internal static class ContrastTargets
{
    private const int MaxDocumentSize = 1 << 20;

    public static IEnumerable<FuzzTarget> Create()
    {
        yield return new FuzzTarget("manifest", [.. Manifests()], parts => [SignedPart.Of("manifest", parts[0])]);
        yield return new FuzzTarget("document", [.. IssuedScene.All.Select(Document), .. PlainDocuments()], parts => InDocument(parts[0]));
        yield return new FuzzTarget("attest-response", [.. IssuedScene.All.Select(Response)]);
        yield return new FuzzTarget("snp-message", [.. Messages(isSnp: true)]);
        yield return new FuzzTarget("tdx-message", [.. Messages(isSnp: false)]);
    }

    private static IEnumerable<FuzzSeed> Manifests()
    {
        IEnumerable<(string Name, byte[] Bytes)> files = CorpusFiles.ThirdPartyFiles("contrast", "*.manifest.json")
            .Concat(IssuedScene.All.Select(scene => (scene.Name, scene.Manifest)))
            .Prepend(("ours", CorpusFiles.OwnBytes("contrast/manifest.json")));
        Manifest known = Manifest.Parse(CorpusFiles.OwnBytes("contrast/manifest.json"));
        foreach ((string name, byte[] bytes) in files)
        {
            string pin = ((ManifestPolicy.PinnedManifest)ManifestPolicy.Pinned(bytes)).Digests.Single();
            yield return new FuzzSeed(name, [bytes], parts =>
            {
                Manifest manifest = Manifest.Parse(parts[0]);
                _ = ManifestDifference.Between(known, manifest).ToString();
                return Convert.ToHexStringLower(manifest.Digest.Span) == pin;
            });
        }
    }

    private static FuzzSeed Document(IssuedScene scene)
    {
        IReadOnlyCollection<string> pins = ((ManifestPolicy.PinnedManifest)ManifestPolicy.Pinned(scene.Manifest)).Digests;
        ContrastOptions options = new();
        return new FuzzSeed(scene.Name, [scene.Document], parts =>
        {
            AttestationDocument document = AttestationDocument.Parse(parts[0]);
            Manifest manifest = ManifestPolicyEvaluator.SelectPinned(pins, document);
            using ParsedEvidence evidence = ParsedEvidence.Of(document, manifest, IssuedScene.Anchors, IssuedScene.At);
            VerifiedCoordinator verified = ContrastVerifier.Verify(
                evidence, IssuedScene.Nonce, scene.Collateral, IssuedScene.Anchors, options, IssuedScene.At);
            return verified.PolicyHash.Length > 0;
        });
    }

    private static IEnumerable<FuzzSeed> PlainDocuments() =>
        CorpusFiles.OwnJson("contrast/document-cases.json").EnumerateArray().Select(test => new FuzzSeed(
            test.GetProperty("name").GetString()!,
            [Encoding.UTF8.GetBytes(test.GetProperty("json").GetString()!)],
            parts =>
            {
                _ = AttestationDocument.Parse(parts[0]);
                return false;
            }));

    private static FuzzSeed Response(IssuedScene scene) => new(
        scene.Name,
        [Encoding.ASCII.GetBytes($$"""{"AttestationDoc":"{{Convert.ToBase64String(scene.Document)}}"}""")],
        parts =>
        {
            // Long documents cost what they may already in a target of their own.
            ReadOnlyMemory<byte> document = AttestResponse.ReadDocument(parts[0]);
            return document.Length <= MaxDocumentSize && AttestationDocument.Parse(document).Raw.Length > 0;
        });

    private static IEnumerable<FuzzSeed> Messages(bool isSnp)
    {
        IEnumerable<(string Name, byte[] Bytes)> files = IssuedScene.All.Where(scene => scene.Collateral.Snp is null != isSnp)
            .Select(scene => (scene.Name, scene.Evidence.ToArray()))
            .Concat(CorpusFiles.ThirdPartyFiles(isSnp ? "contrast/snp" : "contrast/tdx", "*.pb"));
        return files.Select(file => new FuzzSeed(file.Name, [file.Bytes], isSnp ? ReadSnp : ReadTdx));
    }

    private static bool ReadSnp(byte[][] parts)
    {
        _ = SnpReport.Parse(SevSnpMessage.Parse(parts[0]).Report);
        return true;
    }

    private static bool ReadTdx(byte[][] parts)
    {
        _ = TdxQuote.Parse(TdxQuoteMessage.ReadQuote(parts[0]));
        return true;
    }

    // The report names the hash of these; the report itself is looked at by the targets of its kind.
    private static List<SignedPart> InDocument(byte[] json)
    {
        using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 256 });
        List<SignedPart> parts = [];
        foreach (JsonProperty member in document.RootElement.EnumerateObject())
        {
            if (member.Name is "root_ca" or "mesh_ca")
            {
                parts.Add(SignedPart.Of(member.Name, member.Value.GetBytesFromBase64()));
            }
            else if (member.Name == "manifests")
            {
                parts.Add(SignedPart.Of("manifests", BitConverter.GetBytes(member.Value.GetArrayLength())));
                parts.AddRange(member.Value.EnumerateArray().Select(item => SignedPart.Of("manifest", item.GetBytesFromBase64())));
            }
        }

        return parts;
    }
}
