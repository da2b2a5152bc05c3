using System.Globalization;
using System.Text.Json;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Commands;

namespace Privatemode.Tool.Verity;

/// <summary>Writes the result of <c>verity</c>, and determines its exit code.</summary>
internal sealed class VerityOutput(Output output)
{
    public required string Path { get; init; }

    public VerityImage Image { get; set; } = null!;

    public string RootHash { get; set; } = "";

    public long? FirstDifferentBlock { get; set; }

    public TimeSpan Elapsed { get; set; }

    public IReadOnlyList<ExpectedRootHash> Expected { get; set; } = [];

    /// <summary>Whether the policies of a deployment were requested.</summary>
    public bool HasPolicies { get; set; }

    /// <summary>Whether the evidence has policies that the verified manifest lists.</summary>
    public bool IsPolicyKnown { get; set; }

    public NamingPolicy? Policy { get; set; }

    private bool IsDifferent => Expected.Any(expected => expected.Value != RootHash) || (HasPolicies && IsPolicyKnown && Policy is null);

    private bool IsUnknown => HasPolicies && !IsPolicyKnown;

    public int ExitCode => IsDifferent ? ExitCodes.Refused : IsUnknown ? ExitCodes.Unknown : ExitCodes.Success;

    public void Write()
    {
        if (output.IsJson)
        {
            output.Json(WriteJson);
            return;
        }

        output.Line($"root hash {RootHash}");
        output.Line(FormattableString.Invariant(
            $"  {Image.DataBlocks} blocks of {Image.DataBlockSize} bytes, salt {Convert.ToHexStringLower(Image.Salt)}, {Elapsed.TotalSeconds:0.0} s"));
        foreach (ExpectedRootHash expected in Expected)
        {
            output.Line(expected.Value == RootHash
                ? $"EQUAL to {Output.Escape(expected.Source)}"
                : $"DIFFERENT from {Output.Escape(expected.Source)}: {expected.Value}");
        }

        if (HasPolicies)
        {
            output.Line(PolicyText());
        }

        if (IsDifferent && FirstDifferentBlock is { } block)
        {
            output.Line(FormattableString.Invariant($"The first block that differs from the stored tree is {block} (byte {block * Image.DataBlockSize})."));
        }
    }

    private string PolicyText() => Policy is { } policy
        ? $"DEPLOYED: the policy {policy.Sha256} of {Output.Escape(policy.Workload)}, which the verified manifest lists, names this root hash."
        : IsPolicyKnown
            ? "NOT DEPLOYED: no policy that the verified manifest lists names this root hash."
            : "COULD NOT TELL: the deployment delivered none of the policies that its manifest lists.";

    private void WriteJson(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("schema", "privatemode.verity/1");
        json.WriteString("file", Path);
        json.WriteString("rootHash", RootHash);
        json.WriteStartArray("expected");
        foreach (ExpectedRootHash expected in Expected)
        {
            json.WriteStartObject();
            json.WriteString("source", expected.Source);
            json.WriteString("value", expected.Value);
            json.WriteBoolean("equal", expected.Value == RootHash);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("verdict", IsDifferent ? "different" : IsUnknown ? "unknown" : Expected.Count > 0 || HasPolicies ? "equal" : "computed");
        json.WriteString("algorithm", "sha256");
        json.WriteString("saltHex", Convert.ToHexStringLower(Image.Salt));
        json.WriteNumber("dataBlockSize", Image.DataBlockSize);
        json.WriteNumber("hashBlockSize", Image.HashBlockSize);
        json.WriteNumber("dataBlocks", Image.DataBlocks);
        json.WriteNumber("hashOffset", Image.HashOffset);
        json.WriteBoolean("hasStoredTree", Image.LeavesOffset is not null);
        WriteOptional(json, "firstDifferentBlock", FirstDifferentBlock);
        json.WritePropertyName("policy");
        if (Policy is null)
        {
            json.WriteNullValue();
        }
        else
        {
            json.WriteStartObject();
            json.WriteString("sha256", Policy.Sha256);
            json.WriteString("workload", Policy.Workload);
            json.WriteEndObject();
        }

        json.WriteNumber("seconds", Math.Round(Elapsed.TotalSeconds, 3));
        json.WriteEndObject();
    }

    private static void WriteOptional(Utf8JsonWriter json, string name, long? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
        else
        {
            json.WriteNull(name);
        }
    }
}

/// <summary>Writes the progress of hashing: on a terminal, one line that changes; otherwise, a line every ten seconds.</summary>
internal sealed class VerityProgress(Output output, ToolContext context, long total) : IProgress<long>, IDisposable
{
    private static readonly TimeSpan OnTerminal = TimeSpan.FromSeconds(0.2), Elsewhere = TimeSpan.FromSeconds(10);

    private readonly long _started = context.Time.GetTimestamp();
    private TimeSpan _last;
    private long _done;
    private bool _hasLine;

    /// <summary>The amount of data that has been hashed, as text.</summary>
    public string Text => string.Create(CultureInfo.InvariantCulture, $"{_done / 1e9:0.0} of {total / 1e9:0.0} GB");

    public void Report(long value)
    {
        _done = value;
        TimeSpan elapsed = context.Time.GetElapsedTime(_started);
        if (output.IsJson || elapsed - _last < (output.HasErrorColor ? OnTerminal : Elsewhere))
        {
            return;
        }

        _last = elapsed;
        double speed = _done / Math.Max(elapsed.TotalSeconds, 0.001);
        string line = string.Create(
            CultureInfo.InvariantCulture, $"{Text}, {speed / 1e6:0} MB/s, {(total - _done) / Math.Max(speed, 1):0} s left");
        context.Console.Error.Write(output.HasErrorColor ? $"\r\u001b[K{line}" : $"{line}\n");
        _hasLine = output.HasErrorColor;
    }

    public void Dispose()
    {
        if (_hasLine)
        {
            context.Console.Error.Write("\r\u001b[K");
        }
    }
}
