using System.Globalization;

namespace Privatemode.AI.Testing;

/// <summary>Creates receipts and verification reports for unit tests with fake clients.</summary>
/// <remarks>Only a client creates these objects in production. The objects prove nothing, and no method of the library accepts one as proof. All other
/// results, such as <see cref="TextCompletion"/> and <see cref="ModelInfo"/>, and all exceptions have public constructors.</remarks>
public static class PrivatemodeModelFactory
{
    /// <summary>Creates an encryption receipt.</summary>
    /// <param name="isVerified"><see langword="false"/> for the receipt of a client with
    /// <see cref="TransportOptions.DangerousUnverifiedLocalProxy"/>.</param>
    /// <returns>A receipt with placeholder values. The verification time of a verified receipt is January 1, 2026. An unverified receipt has no secret ID,
    /// manifest digest or verification time. Use a <c>with</c> expression to change values.</returns>
    /// <example><code>PrivatemodeModelFactory.EncryptionReceipt() with { RequestId = "request-1" }</code></example>
    public static EncryptionReceipt EncryptionReceipt(bool isVerified = true)
    {
        string time = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).ToString("O", CultureInfo.InvariantCulture);
        string facts = isVerified
            ? $$"""
              "secretId": "00000000-0000-0000-0000-000000000000",
              "manifestSha256": "{{new string('0', 64)}}",
              "verifiedAt": "{{time}}",
              "encryptedMembers": ["messages"],
              "clearMembers": ["model"],
              """
            : """
              "verified": false,
              "encryptedMembers": [],
              "clearMembers": ["model", "messages"],
              """;
        _ = AI.EncryptionReceipt.TryParse($$"""{ {{facts}} "requestId": "00000000-0000-0000-0000-000000000000" }""", out EncryptionReceipt? receipt);
        return receipt!;
    }

    /// <summary>Creates a verification report.</summary>
    /// <param name="kind">The kind of evidence that the report is about.</param>
    /// <param name="verifiedAt">The time of the verification, or <see langword="null"/> for the current time.</param>
    /// <returns>The report. This method issues evidence under the test roots and verifies it. Use a <c>with</c> expression to change values;
    /// <see cref="VerifiedDeployment.SaveEvidenceAsync"/> always writes the evidence as issued.</returns>
    /// <example><code>PrivatemodeModelFactory.VerifiedDeployment() with { Warnings = ["…"] }</code></example>
    public static VerifiedDeployment VerifiedDeployment(EvidenceKind kind = EvidenceKind.SevSnp, DateTimeOffset? verifiedAt = null) =>
        TestReports.Create(kind, verifiedAt ?? TimeProvider.System.GetUtcNow());

    /// <summary>Creates a check for <see cref="VerifiedDeployment.Checks"/>.</summary>
    /// <param name="name">The name of the check, for example <c>snp-measurement</c>.</param>
    /// <param name="outcome">The outcome of the check.</param>
    /// <param name="detail">What the check found, or why it was not performed; <see langword="null"/> if there is nothing to add.</param>
    /// <returns>The check.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="name"/> is <see langword="null"/>.</exception>
    public static VerificationCheck VerificationCheck(string name, VerificationOutcome outcome = VerificationOutcome.Passed, string? detail = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        return TestReports.Check with { Name = name, Outcome = outcome, Detail = detail };
    }
}
