using System.Security.Cryptography;
using System.Text.Json;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.KeyExchange;

public class CryptoVectorsTests
{
    // Every file of the manifest is run by a test of this room; a new file must be added here and there.
    private static readonly string[] Files =
    [
        "acvp-mlkem768-encapdecap.json",
        "acvp-mlkem768-keygen.json",
        "cctv-mlkem768-modulus.txt.gz",
        "cctv-mlkem768.json",
        "hpke-647a-exportonly.json",
        "hpke-pq-go.json",
        "hpke-pq-wg.json",
        "rfc7748-x25519.json",
        "wycheproof-aes256gcm.json",
        "wycheproof-ecdsa-p256-sha256.json",
        "wycheproof-ecdsa-p384-sha384-p1363.json",
        "wycheproof-ecdsa-p384-sha384.json",
        "wycheproof-hkdf-sha256.json",
        "wycheproof-mlkem768-dk.json",
        "wycheproof-mlkem768-encaps.json",
        "wycheproof-mlkem768-keygen.json",
        "wycheproof-mlkem768.json",
        "wycheproof-rsapss-4096-sha384.json",
        "wycheproof-x25519.json",
        "xwing-draft.json",
    ];

    [ThirdPartyFact]
    public void Manifest_EveryFile_IsPresentUnalteredAndKnownHere()
    {
        CaseLog log = new();
        foreach (JsonElement entry in CryptoVectors.Manifest.Items("files"))
        {
            string file = entry.Text("file");
            log.Run(file, () =>
            {
                Assert.Contains(file, Files);
                byte[] hash = SHA256.HashData(File.ReadAllBytes(VectorFiles.ThirdPartyPath("crypto/" + file)));
                Assert.Equal(entry.Text("sha256"), Convert.ToHexStringLower(hash));
            });
        }

        log.AssertAllPassed(Files.Length);
    }
}
