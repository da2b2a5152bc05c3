using Privatemode.AI;

namespace UserPrograms;

/// <summary>Saves the evidence of a deployment, and verifies it again later without a network.</summary>
public static class EvidenceAudit
{
    public static async Task<string> SaveAsync(PrivatemodeClient privatemode, string file)
    {
        VerifiedDeployment deployment = await privatemode.VerifyAsync();
        await using FileStream destination = File.Create(file);
        await deployment.SaveEvidenceAsync(destination);
        return deployment.ManifestSha256;
    }

    public static async Task<string> VerifyAsync(
        string file, string manifestSha256, DateTimeOffset at, TextWriter report, InsecureLoopbackTrust? testTrust = null)
    {
        await using FileStream source = File.OpenRead(file);
        SavedEvidence evidence = await SavedEvidence.LoadAsync(source);
        EvidenceExpectation expectation = new(manifestSha256)
        {
            Hardware = HardwarePolicy.Default,
            InsecureLoopbackTrust = testTrust,
            Endpoint = testTrust is null ? null : evidence.ClaimedEndpoint,
        };
        try
        {
            VerifiedDeployment verified = evidence.Verify(expectation, at);
            foreach (VerificationCheck check in verified.Checks)
            {
                await report.WriteLineAsync($"{check.Name}: {check.Outcome} {check.Detail}");
            }

            return $"{verified.Tee}, valid until {verified.ValidUntil:u}";
        }
        catch (PrivatemodeVerificationException exception)
        {
            return $"refused: {exception.Message}";
        }
    }
}
