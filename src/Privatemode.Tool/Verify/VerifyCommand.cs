using System.CommandLine;
using System.Security.Cryptography;
using Privatemode.AI;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Commands;
using Privatemode.Tool.Services;

namespace Privatemode.Tool.Verify;

/// <summary><c>privatemode verify</c>: verifies the deployment, and writes a file with the evidence to keep.</summary>
internal sealed class VerifyCommand
{
    private readonly TextFlag _save = new("--save", "FILE", "Write the evidence to a file, to verify it again later with --offline");
    private readonly BoolFlag _force = new("--force", "Replace the file of --save if it exists");
    private readonly TextFlag _offline = new("--offline", "FILE", "Verify evidence from a file. No network is used");
    private readonly TextFlag _at = new(
        "--at", "TIME", "The time for which --offline verifies: RFC 3339, or 'saved' for the time that the file claims [default: now]");

    private readonly CommonOptions _common = new();
    private readonly ToolContext _context;

    private VerifyCommand(ToolContext context) => _context = context;

    public static Command Create(ToolContext context)
    {
        VerifyCommand verify = new(context);
        Command command = new("verify", "Verify the deployment, or evidence in a file")
        {
            verify._save, verify._force, verify._offline, verify._at,
        };
        command.SetRun(verify._common, context, verify.RunAsync);
        return command;
    }

    private Task<int> RunAsync(ParseResult result, Output output, CancellationToken stop)
    {
        string? offline = _offline.Read(result);
        if (offline is null && _at.Read(result) is not null)
        {
            throw ToolException.Usage("--at needs --offline: the deployment itself can be verified for now only.");
        }

        if (offline is not null && _save.Read(result) is not null)
        {
            throw ToolException.Usage("--save cannot be combined with --offline: the evidence is in a file already.");
        }

        return offline is null ? RunLiveAsync(result, output, stop) : RunOfflineAsync(offline, result, output, stop);
    }

    private async Task<int> RunLiveAsync(ParseResult result, Output output, CancellationToken stop)
    {
        ServiceSettings settings = _common.Read(result, _context);
        OutputFile? target = _save.Read(result) is { } given ? new OutputFile(given, _force.Read(result), _context) : null;
        await using ClientConnection connection = await ClientFactory.OpenAsync(settings, _context);
        if (!output.IsJson)
        {
            output.Hint("Verifying the deployment…");
        }

        VerifyOutcome outcome = await VerifyAsync(connection.Client, _context.Time, stop);
        SavedFile? saved = null;
        if (outcome.Report is { } report && target is not null)
        {
            using MemoryStream evidence = new();
            await report.SaveEvidenceAsync(evidence, stop);
            byte[] bytes = evidence.ToArray();
            target.Write(bytes);
            saved = new SavedFile(target.Path, Convert.ToHexStringLower(SHA256.HashData(bytes)), report.VerifiedAt);
        }

        new VerifyOutput(output, outcome, settings.IsDemo).Write(isOffline: false, saved);
        return outcome.ExitCode;
    }

    /// <summary>Verifies the deployment now.</summary>
    /// <exception cref="PrivatemodeConfigurationException">The settings of the client are invalid.</exception>
    public static async Task<VerifyOutcome> VerifyAsync(PrivatemodeClient client, TimeProvider time, CancellationToken stop)
    {
        try
        {
            VerifiedDeployment report = await client.VerifyAsync(stop);
            return new VerifyOutcome { Kind = VerifyOutcomeKind.Verified, At = report.VerifiedAt, Report = report };
        }
        catch (PrivatemodeException failure) when (failure is not PrivatemodeConfigurationException)
        {
            return VerifyOutcome.Of(failure, time.GetUtcNow(), isOffline: false);
        }
    }

    private async Task<int> RunOfflineAsync(string path, ParseResult result, Output output, CancellationToken stop)
    {
        ServiceSettings settings = _common.Read(result, _context, needsKey: false);
        (byte[] file, SavedEvidence evidence) = EvidenceInFile.Read(path, _context);
        DateTimeOffset at = TimeOf(result, evidence);
        EvidenceExpectation expectation = await ExpectationAsync(result, settings, evidence, stop);

        VerifyOutcome outcome;
        try
        {
            outcome = new VerifyOutcome { Kind = VerifyOutcomeKind.Verified, At = at, Report = evidence.Verify(expectation, at) };
        }
        catch (PrivatemodeVerificationException failure)
        {
            outcome = VerifyOutcome.Of(failure, at, isOffline: true);
        }

        outcome = outcome with { IsClaimedTime = _at.Read(result) == "saved" };

        SavedFile saved = new(path, Convert.ToHexStringLower(SHA256.HashData(file)), evidence.ClaimedVerifiedAt);
        new VerifyOutput(output, outcome, settings.IsDemo).Write(isOffline: true, saved);
        return outcome.ExitCode;
    }

    private DateTimeOffset TimeOf(ParseResult result, SavedEvidence evidence) => _at.Read(result) switch
    {
        null => _context.Time.GetUtcNow(),
        "saved" => evidence.ClaimedVerifiedAt,
        { } text => Times.Parse(text) ?? throw ToolException.Usage($"--at: \"{text}\" is neither 'saved' nor a time such as 2026-11-29T12:00:00Z."),
    };

    private async Task<EvidenceExpectation> ExpectationAsync(ParseResult result, ServiceSettings settings, SavedEvidence evidence, CancellationToken stop)
    {
        string[] manifests = [.. _common.Manifest.Read(result).Select(value => ManifestArgument.ReadDigest(value, _context))];
        if (settings.IsDemo)
        {
            // Every demo has the same test certificates and the same manifest.
            await using ServiceEnvironment demo = await ServiceEnvironment.OpenAsync(settings, _context, _context.State.Path);
            stop.ThrowIfCancellationRequested();
            return new EvidenceExpectation(Convert.ToHexStringLower(SHA256.HashData(demo.Demo!.Deployment.Evidence.Manifest.Span)))
            {
                Endpoint = evidence.ClaimedEndpoint,
                InsecureLoopbackTrust = demo.Demo.Deployment.InsecureLoopbackTrust,
            };
        }

        if (manifests is [])
        {
            string log = Path.Combine(settings.Workspace ?? _context.State.Path, "manifests", "verified");
            manifests = [.. ManifestLog.Read(log).Entries.Select(entry => entry.Sha256)];
        }

        return manifests is []
            ? throw ToolException.Setup(
                "--offline needs --manifest: the file cannot prove which manifest is the expected one. For evidence of a demo, use --demo.")
            : new EvidenceExpectation(manifests);
    }
}

/// <summary>The file with the evidence.</summary>
/// <param name="Path">Its path.</param>
/// <param name="Sha256">Its digest, 64 hexadecimal digits, to be kept elsewhere.</param>
/// <param name="ClaimedVerifiedAt">The time of the verification, as the file says.</param>
internal sealed record SavedFile(string Path, string Sha256, DateTimeOffset ClaimedVerifiedAt);

/// <summary>Reads a file of <c>--save</c>.</summary>
internal static class EvidenceInFile
{
    /// <summary>The maximum file size in bytes, which is that of the library.</summary>
    public const int MaxFileSize = 16 << 20;

    /// <exception cref="ToolException">The file cannot be read, or does not contain evidence.</exception>
    public static (byte[] File, SavedEvidence Evidence) Read(string path, ToolContext context)
    {
        try
        {
            byte[] file = BoundedFile.Read(context.FullPath(path), MaxFileSize);
            return (file, SavedEvidence.Load(new MemoryStream(file)));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FormatException)
        {
            string why = exception is FormatException ? exception.Message : FileErrors.Describe(exception);
            throw ToolException.Setup($"The evidence file \"{path}\" cannot be read: {why}", exception);
        }
    }
}
