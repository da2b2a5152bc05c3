using Privatemode.AI;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Commands;
using Privatemode.Tool.Services;
using Privatemode.Tool.Verify;

namespace Privatemode.Tool.Verity;

/// <summary>Evidence with the policies of a deployment, after its manifest was verified.</summary>
internal sealed class PolicyEvidence
{
    private readonly ReadOnlyMemory<byte> _evidence;
    private readonly ReadOnlyMemory<byte> _manifest;

    private PolicyEvidence(ReadOnlyMemory<byte> evidence, ReadOnlyMemory<byte> manifest)
    {
        _evidence = evidence;
        _manifest = manifest;
    }

    /// <inheritdoc cref="RootHashes.Search"/>
    public NamingPolicy? Search(string rootHash, out bool isKnown) => RootHashes.Search(_evidence, _manifest, rootHash, out isKnown);

    /// <summary>Verifies saved evidence for the time that the file claims. Use <c>verify</c> to find out whether it is still valid.</summary>
    public static PolicyEvidence Load(string path, IReadOnlyList<string> manifests, ServiceSettings settings, ToolContext context)
    {
        if (manifests.Count == 0 || settings.IsDemo)
        {
            throw ToolException.Usage("--evidence needs --manifest, and cannot be combined with --demo: say which manifest you expect.");
        }

        string[] digests = [.. manifests.Select(manifest => ManifestArgument.ReadDigest(manifest, context))];
        (byte[] file, SavedEvidence evidence) = EvidenceInFile.Read(path, context);
        return new PolicyEvidence(file, evidence.Verify(new EvidenceExpectation(digests), evidence.ClaimedVerifiedAt).Manifest);
    }

    /// <summary>Verifies the deployment now.</summary>
    /// <exception cref="ToolException">The deployment was not verified; the exit code says why.</exception>
    public static async Task<PolicyEvidence> FromDeploymentAsync(ServiceSettings settings, ToolContext context, Output output, CancellationToken stop)
    {
        await using ClientConnection connection = await ClientFactory.OpenAsync(settings, context);
        output.Hint("Verifying the deployment…");
        VerifyOutcome outcome = await VerifyCommand.VerifyAsync(connection.Client, context.Time, stop);
        if (outcome.Report is not { } report)
        {
            throw new ToolException(outcome.ExitCode, outcome.Failure!.ErrorType, outcome.Failure.Message, outcome.Failure);
        }

        using MemoryStream evidence = new();
        await report.SaveEvidenceAsync(evidence, stop);
        return new PolicyEvidence(evidence.ToArray(), report.Manifest);
    }
}
