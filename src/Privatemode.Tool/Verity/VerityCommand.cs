using System.CommandLine;
using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Commands;
using Privatemode.Tool.Services;

namespace Privatemode.Tool.Verity;

/// <summary><c>privatemode verity</c>: the root hash of a model image, compared with what you expect and with what the deployment proves to mount.</summary>
internal sealed class VerityCommand
{
    private readonly Argument<string> _image = new("image") { Description = "The image of a model: an EROFS file system, with or without its hash tree" };
    private readonly TextFlag _rootHash = new("--root-hash", "HEX", "The expected root hash, 64 hexadecimal digits");
    private readonly TextFlag _models = new("--models", "FILE", "Privatemode's list of models (models.yaml) with the expected root hash");
    private readonly TextFlag _name = new("--name", "NAME", "The model in --models, if it lists several");
    private readonly TextFlag _evidence = new("--evidence", "FILE", "Saved evidence whose policies must name the root hash; needs --manifest");
    private readonly BoolFlag _deployed = new("--deployed", "Verify the deployment now; its policies must name the root hash");
    private readonly TextFlag _hashOffset = new("--hash-offset", "BYTES", "Where the superblock of dm-verity begins [default: after the file system]");
    private readonly TextFlag _hashDevice = new("--hash-device", "FILE", "A separate file with the hash tree");
    private readonly CommonOptions _common = new();
    private readonly ToolContext _context;

    private VerityCommand(ToolContext context) => _context = context;

    public static Command Create(ToolContext context)
    {
        VerityCommand verity = new(context);
        Command command = new("verity", "Compute the root hash (dm-verity) of a model image, and compare it")
        {
            verity._image, verity._rootHash, verity._models, verity._name, verity._evidence, verity._deployed, verity._hashOffset, verity._hashDevice,
        };
        command.SetRun(verity._common, context, verity.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, Output output, CancellationToken stop)
    {
        bool isDeployed = _deployed.Read(result);
        string? evidence = _evidence.Read(result);
        if (isDeployed && evidence is not null)
        {
            throw ToolException.Usage("--deployed cannot be combined with --evidence.");
        }

        ServiceSettings settings = _common.Read(result, _context, needsKey: isDeployed);
        List<ExpectedRootHash> expected = [.. Expected(result)];
        PolicyEvidence? policies = evidence is not null ? PolicyEvidence.Load(evidence, _common.Manifest.Read(result), settings, _context) : null;

        VerityOutput report = new(output) { Path = result.GetValue(_image)! };
        await HashAsync(result, report, output, stop);
        report.Expected = expected;
        if (isDeployed)
        {
            policies = await PolicyEvidence.FromDeploymentAsync(settings, _context, output, stop);
        }

        if (policies is not null)
        {
            report.HasPolicies = true;
            report.Policy = policies.Search(report.RootHash, out bool isKnown);
            report.IsPolicyKnown = isKnown;
        }

        report.Write();
        return report.ExitCode;
    }

    private IEnumerable<ExpectedRootHash> Expected(ParseResult result)
    {
        if (_rootHash.Read(result) is { } given)
        {
            yield return RootHashes.Given(given);
        }

        if (_models.Read(result) is { } models)
        {
            yield return RootHashes.FromModels(_context.FullPath(models), models, _name.Read(result));
        }
    }

    private async Task HashAsync(ParseResult result, VerityOutput report, Output output, CancellationToken stop)
    {
        string path = _context.FullPath(report.Path);
        using SafeFileHandle data = Open(path, report.Path);
        using SafeFileHandle? tree = _hashDevice.Read(result) is { } device ? Open(_context.FullPath(device), device) : null;
        VerityImage image = Read(data, tree, OffsetOf(result));
        if (image.LeavesBytesUncovered)
        {
            throw new ToolException(ExitCodes.Refused, "verity", FormattableString.Invariant(
                $"The hash tree covers only {image.DataBytes} of {image.BytesToCover} bytes of the file system. The rest could be changed unnoticed."));
        }

        (long Length, DateTime Written) before = Look(path);
        using VerityProgress progress = new(output, _context, image.DataBytes);
        long started = _context.Time.GetTimestamp();
        VerityResult hashed;
        try
        {
            hashed = await new VerityHasher(image).HashAsync(data, tree ?? data, progress, stop);
        }
        catch (OperationCanceledException)
        {
            throw new ToolException(ExitCodes.Canceled, "cancelled", $"Canceled after {progress.Text}. The image was not compared.");
        }

        if (Look(path) != before)
        {
            throw ToolException.Failed($"\"{report.Path}\" was changed while it was read, so it was not compared. Run the command again.");
        }

        report.Image = image;
        report.RootHash = Convert.ToHexStringLower(hashed.RootHash);
        report.FirstDifferentBlock = hashed.FirstDifferentBlock;
        report.Elapsed = _context.Time.GetElapsedTime(started);
    }

    private static VerityImage Read(SafeFileHandle data, SafeFileHandle? tree, long? offset)
    {
        try
        {
            return VerityImage.Read(data, tree, offset);
        }
        catch (InvalidDataException exception)
        {
            throw ToolException.Setup(exception.Message, exception);
        }
    }

    private long? OffsetOf(ParseResult result) => _hashOffset.Read(result) switch
    {
        null => null,
        { } text when long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long offset) => offset,
        { } text => throw ToolException.Usage($"--hash-offset: \"{text}\" is not a number of bytes."),
    };

    private static SafeFileHandle Open(string path, string shown)
    {
        try
        {
            return File.OpenHandle(path, options: FileOptions.SequentialScan | FileOptions.Asynchronous);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw ToolException.Setup($"\"{shown}\" cannot be read: {FileErrors.Describe(exception)}.", exception);
        }
    }

    private static (long Length, DateTime Written) Look(string path) =>
        new FileInfo(path) is { Exists: true } file ? (file.Length, file.LastWriteTimeUtc) : (-1, default);
}
