using Privatemode.AI;

namespace UserPrograms;

/// <summary>Asks a person about each new manifest, and reads the log of the adopted ones later.</summary>
public sealed class ManifestReview(TextWriter questions, Func<string, bool> answer)
{
    public ManifestPolicy CreatePolicy(string logDirectory) => ManifestPolicy.RequireApproval(AskAsync, logDirectory);

    public static IEnumerable<string> ReadLog(string logDirectory) =>
        ManifestLog.Read(logDirectory).Entries.Select(entry => $"{entry.AdoptedAt:u} {entry.Sha256[..8]} {entry.Source}");

    private async ValueTask<bool> AskAsync(ManifestUpdate update, CancellationToken cancellationToken)
    {
        await questions.WriteLineAsync($"{update.CurrentSha256 ?? "first manifest"} -> {update.NewSha256} ({update.NewManifest.Length} bytes)");
        foreach (string change in update.Changes)
        {
            await questions.WriteLineAsync($"  {change}".AsMemory(), cancellationToken);
        }

        return !update.HasOmittedChanges && answer(update.NewSha256);
    }
}
