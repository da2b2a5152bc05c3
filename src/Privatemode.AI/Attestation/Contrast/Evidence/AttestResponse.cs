namespace Privatemode.AI.Attestation.Contrast;

/// <summary>The answer of <c>/privatemode/v1/attest</c>: an envelope around the attestation document.</summary>
internal static class AttestResponse
{
    /// <summary>The longest answer that is read, in bytes. From 4 MiB on the platform's parser takes twice the text, and keeps it.</summary>
    public const int MaxSize = (4 << 20) - 1024;

    private static readonly StrictFailure Failure = new(
        ContrastChecks.ResponseFormat,
        "The answer to the attestation request has the wrong form. Do not send anything; update this package if the service is newer.");

    /// <summary>The bytes of the attestation document.</summary>
    /// <exception cref="PrivatemodeVerificationException">The body is not such an answer.</exception>
    public static ReadOnlyMemory<byte> ReadDocument(ReadOnlyMemory<byte> body) =>
        StrictObject.Read(body, MaxSize, Failure, root => new StrictObject(root, "", Failure, "AttestationDoc").Base64("AttestationDoc"));
}
