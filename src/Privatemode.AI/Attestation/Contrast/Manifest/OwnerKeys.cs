using System.Formats.Asn1;

namespace Privatemode.AI.Attestation.Contrast;

// References: RFC 5480, section 2 (ECDSA public keys); RFC 8017, appendix A.1.1 (RSA public keys); DER of X.690.

/// <summary>The form of the owners' keys in a manifest. This client never uses them; a manifest with broken ones is not valid.</summary>
internal static class OwnerKeys
{
    private const int DigestSize = 32;
    private const string EcPublicKey = "1.2.840.10045.2.1";

    /// <exception cref="PrivatemodeVerificationException">A key is not what its list says.</exception>
    public static void Check(ManifestObject manifest)
    {
        _ = manifest.HexItems("WorkloadOwnerKeyDigests", DigestSize, ManifestChecks.WorkloadOwnerKey);
        CheckKeys(manifest, "WorkloadOwnerPubKeys", ManifestChecks.WorkloadOwnerKey, "an ECDSA public key", ReadEcKey);
        CheckKeys(manifest, "SeedshareOwnerPubKeys", ManifestChecks.SeedShareOwnerKey, "an RSA public key", ReadRsaKey);
    }

    private static void CheckKeys(ManifestObject manifest, string name, string check, string expected, Action<AsnReader> read)
    {
        foreach (ReadOnlyMemory<byte> key in manifest.HexItems(name, null, check))
        {
            try
            {
                AsnReader reader = new(key, AsnEncodingRules.DER);
                AsnReader sequence = reader.ReadSequence();
                reader.ThrowIfNotEmpty();
                read(sequence);
                sequence.ThrowIfNotEmpty();
            }
            catch (AsnContentException)
            {
                throw ManifestObject.Failure.For(check).Create($"each of {name} as {expected}, DER in hexadecimal");
            }
        }
    }

    private static void ReadEcKey(AsnReader key)
    {
        AsnReader algorithm = key.ReadSequence();
        if (algorithm.ReadObjectIdentifier() != EcPublicKey)
        {
            throw new AsnContentException();
        }

        _ = algorithm.ReadObjectIdentifier(); // the curve
        algorithm.ThrowIfNotEmpty();
        _ = key.ReadBitString(out _);
    }

    private static void ReadRsaKey(AsnReader key)
    {
        _ = key.ReadIntegerBytes();
        _ = key.ReadIntegerBytes();
    }
}
