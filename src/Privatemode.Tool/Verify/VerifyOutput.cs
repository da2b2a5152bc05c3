using System.Globalization;
using System.Text.Json;
using Privatemode.AI;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Commands;

namespace Privatemode.Tool.Verify;

/// <summary>Writes an outcome: for people, the outcome first; for programs, one JSON object whose members are always there.</summary>
internal sealed class VerifyOutput(Output output, VerifyOutcome outcome, bool isDemo)
{
    public const string Schema = "privatemode.verify/1";

    /// <summary>What to do after a refusal.</summary>
    public const string Advice =
        "Do not send anything to this deployment. The page \"Verify the service\" of the documentation says what the checks mean and whom to ask.";

    /// <summary>Writes the outcome.</summary>
    /// <param name="isOffline">Whether saved evidence was verified.</param>
    /// <param name="saved">The file that was verified or written, or null.</param>
    public void Write(bool isOffline, SavedFile? saved)
    {
        if (output.IsJson)
        {
            output.Json(json => WriteJson(json, isOffline, saved));
            return;
        }

        WriteText(isOffline);
        if (saved is not null)
        {
            Line("evidence", $"{Output.Escape(saved.Path)} (SHA-256 {saved.Sha256})");
            output.Line("Keep that digest elsewhere: it shows later whether the file was changed.");
        }
    }

    /// <summary>Writes the outcome and its reasons, without the file.</summary>
    public void WriteText(bool isOffline = false)
    {
        output.Line(outcome.Kind switch
        {
            VerifyOutcomeKind.Verified when isDemo => "VERIFIED (demo: this proves nothing)",
            VerifyOutcomeKind.Verified => "VERIFIED",
            VerifyOutcomeKind.Refused => "REFUSED",
            _ => "COULD NOT TELL",
        });
        if (outcome.Report is { } report)
        {
            WriteReport(report, isOffline);
        }
        else if (outcome.Failure is { } failure)
        {
            WriteFailure(failure);
        }
    }

    private void WriteReport(VerifiedDeployment report, bool isOffline)
    {
        // Evidence does not prove the address at which it was given out.
        Line("service", isOffline ? $"{report.Endpoint.AbsoluteUri} (as the file says)" : report.Endpoint.AbsoluteUri);
        Line("hardware", report.AmdProduct is { } product ? $"{report.Tee} ({product})" : $"{report.Tee}");
        string since = report.ManifestSource == ManifestSource.Pinned ? "" : $", adopted {Times.Text(report.ManifestAdoptedAt)}"; // nothing adopts a pinned one
        Line("manifest", $"{report.ManifestSha256} ({report.ManifestSource}{since})");
        Line("measurement", report.Measurement);
        Line("reference value", report.ReferenceValuePath);
        Line("coordinator policy", report.CoordinatorPolicySha256);
        Line("mesh CA", report.MeshCaSha256);
        Line("TCB", string.Join(", ", report.Tcb.Select(part => $"{part.Key} {part.Value}")));
        foreach (CollateralInfo collateral in report.Collateral)
        {
            string age = collateral.IssuedAt is { } issued ? $"issued {Times.Ago(outcome.At - issued)}, " : "";
            Line("collateral", $"{collateral.Name}: {age}valid until {Times.Text(collateral.ValidUntil)}");
        }

        foreach (VerificationCheck check in report.Checks)
        {
            string outcome = check.Outcome switch
            {
                VerificationOutcome.Passed => "passed",
                VerificationOutcome.Warning => "WARNING",
                _ => "not checked",
            };
            Line("check", check.Detail is { Length: > 0 } detail ? $"{outcome}: {check.Name} ({detail})" : $"{outcome}: {check.Name}");
        }

        foreach (string warning in report.Warnings)
        {
            Line("warning", warning);
        }

        Line("verified at", outcome.IsClaimedTime ? $"{Times.Text(report.VerifiedAt)} (as the file says)" : Times.Text(report.VerifiedAt));
        Line("valid until", Times.Text(report.ValidUntil));
    }

    private void WriteFailure(PrivatemodeException failure)
    {
        Line("reason", failure.Message);
        if (failure is PrivatemodeVerificationException verification)
        {
            // The reason usually contains the values of the first one.
            bool isInReason = Contains(failure.Message, verification.Expected) && Contains(failure.Message, verification.Found);
            foreach (VerificationMismatch mismatch in verification.Mismatches.Skip(isInReason ? 1 : 0))
            {
                Line("check", mismatch.Check);
                Line("  expected", mismatch.Expected ?? "-");
                Line("  found", mismatch.Found ?? "-");
            }
        }

        if (outcome.Hint is { } hint)
        {
            output.Line(hint);
        }

        if (outcome.Kind == VerifyOutcomeKind.Refused)
        {
            output.Line($"{Advice} Keep the output of 'verify --json', and run 'privatemode doctor'.");
        }
    }

    private static bool Contains(string message, string? value) => value is null || message.Contains(value, StringComparison.Ordinal);

    // The texts come from evidence and services: none may bring control characters to a terminal.
    private void Line(string name, string value) => output.Line(string.Create(CultureInfo.InvariantCulture, $"  {name,-18} {Output.Escape(value)}"));

    private void WriteJson(Utf8JsonWriter json, bool isOffline, SavedFile? saved)
    {
        json.WriteStartObject();
        json.WriteString("schema", Schema);
        WriteOutcome(json);
        json.WriteString("mode", isOffline ? "offline" : "live");
        json.WriteBoolean("demo", isDemo);
        json.WriteString("toolVersion", Root.Version);
        WriteFindings(json);
        json.WritePropertyName("evidence");
        if (saved is null)
        {
            json.WriteNullValue();
        }
        else
        {
            json.WriteStartObject();
            json.WriteString("file", saved.Path);
            json.WriteString("sha256", saved.Sha256);
            json.WriteString("claimedVerifiedAt", Times.Text(saved.ClaimedVerifiedAt));
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private void WriteOutcome(Utf8JsonWriter json)
    {
        json.WriteString("verdict", outcome.Kind switch
        {
            VerifyOutcomeKind.Verified => "verified",
            VerifyOutcomeKind.Refused => "refused",
            _ => "unknown",
        });
        json.WriteNumber("exitCode", outcome.ExitCode);
        json.WriteString("at", Times.Text(outcome.At));
    }

    private void WriteFindings(Utf8JsonWriter json)
    {
        json.WritePropertyName("report");
        if (outcome.Report is null)
        {
            json.WriteNullValue();
        }
        else
        {
            using JsonDocument report = JsonDocument.Parse(outcome.Report.ToJson());
            report.RootElement.WriteTo(json);
        }

        json.WritePropertyName("failure");
        if (outcome.Failure is not { } failure)
        {
            json.WriteNullValue();
            return;
        }

        json.WriteStartObject();
        json.WriteString("check", failure.ErrorType);
        json.WriteString("message", failure.Message);
        json.WriteString("expected", (failure as PrivatemodeVerificationException)?.Expected);
        json.WriteString("found", (failure as PrivatemodeVerificationException)?.Found);
        json.WriteStartArray("mismatches");
        foreach (VerificationMismatch mismatch in (failure as PrivatemodeVerificationException)?.Mismatches ?? [])
        {
            json.WriteStartObject();
            json.WriteString("check", mismatch.Check);
            json.WriteString("expected", mismatch.Expected);
            json.WriteString("found", mismatch.Found);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("hint", outcome.Hint);
        json.WriteEndObject();
    }
}
