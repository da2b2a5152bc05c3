using System.Globalization;

namespace Privatemode.AI.Testing;

/// <summary>Creates receipts and verification reports for unit tests with fake clients.</summary>
/// <remarks>Only a client creates these objects in production. They prove nothing, and no method of the library accepts one as proof. All other
/// results, such as <see cref="TextCompletion"/> and <see cref="ModelInfo"/>, and all exceptions have public constructors.</remarks>
public static class PrivatemodeModelFactory
{
    /// <summary>Creates a receipt.</summary>
    /// <param name="isVerified"><see langword="false"/> for the receipt of a client with
    /// <see cref="TransportOptions.DangerousUnverifiedLocalProxy"/>.</param>
    /// <returns>A receipt with placeholder values. A verified receipt names January 1, 2026 as the time of the verification; the other one has no secret,
    /// manifest and time. Use a <c>with</c> expression to change values.</returns>
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
    /// <param name="kind">The hardware that the evidence is for.</param>
    /// <param name="verifiedAt">The time of the verification, or <see langword="null"/> for the current time.</param>
    /// <returns>The report about evidence under the roots of the test deployment, which this method issued and verified. Use a <c>with</c> expression
    /// to change values; <see cref="VerifiedDeployment.SaveEvidenceAsync"/> still writes the evidence.</returns>
    /// <example><code>PrivatemodeModelFactory.VerifiedDeployment() with { Warnings = ["…"] }</code></example>
    public static VerifiedDeployment VerifiedDeployment(EvidenceKind kind = EvidenceKind.SevSnp, DateTimeOffset? verifiedAt = null) =>
        TestReports.Create(kind, verifiedAt ?? TimeProvider.System.GetUtcNow());

    /// <summary>Creates a check for <see cref="VerifiedDeployment.Checks"/>.</summary>
    /// <param name="name">The name of the check, for example <c>snp-measurement</c>.</param>
    /// <param name="outcome">The outcome of the check.</param>
    /// <param name="detail">What was found, or why the check was not made; <see langword="null"/> if there is nothing to add.</param>
    /// <returns>The check.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="name"/> is <see langword="null"/>.</exception>
    public static VerificationCheck VerificationCheck(string name, VerificationOutcome outcome = VerificationOutcome.Passed, string? detail = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        return TestReports.Check with { Name = name, Outcome = outcome, Detail = detail };
    }
}
