using System.Text;

namespace Privatemode.AI.Pipeline.Requests;

/// <summary>Writes the receipt of an attempt.</summary>
internal static class ReceiptFactory
{
    /// <summary>The receipt; null for a call that was not sealed, or under a mesh CA that nobody verified.</summary>
    public static EncryptionReceipt? Of(SealedCall call)
    {
        if (call.Current?.Session is not { Deployment: { } deployment } session || call.Body is null)
        {
            return null;
        }

        List<string> sealedNames = [];
        List<string> clearNames = [];
        foreach (byte[] name in call.Body.Names())
        {
            (call.Rule.RequestPlain!.Contains(name) ? clearNames : sealedNames).Add(Encoding.UTF8.GetString(name));
        }

        return new EncryptionReceipt
        {
            IsVerified = true,
            SecretId = session.Id,
            ManifestSha256 = deployment.ManifestSha256,
            VerifiedAt = deployment.VerifiedAt,
            RequestId = RequestIds.OfAttempt(call.RequestId, call.Attempts - 1),
            EncryptedMembers = sealedNames,
            ClearMembers = clearNames,
        };
    }
}
