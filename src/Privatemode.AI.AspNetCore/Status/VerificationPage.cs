using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Http;

namespace Privatemode.AI.AspNetCore.Status;

/// <summary>Writes the report as a page without scripts and external resources.</summary>
internal static class VerificationPage
{
    private static readonly string Template = ReadTemplate();

    public static Task WriteAsync(HttpContext context, VerificationState state, DateTimeOffset now, bool isDemo)
    {
        string nonce = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.Headers.ContentSecurityPolicy =
            $"default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        string page = Template
            .Replace("{{nonce}}", nonce, StringComparison.Ordinal)
            .Replace("{{state}}", state.State, StringComparison.Ordinal)
            .Replace("{{sentence}}", Encoded(Sentence(state, isDemo)), StringComparison.Ordinal)
            .Replace("{{facts}}", Facts(state, now), StringComparison.Ordinal)
            .Replace("{{checks}}", Checks(state), StringComparison.Ordinal);
        context.Response.ContentLength = Encoding.UTF8.GetByteCount(page);
        return context.Response.WriteAsync(page, context.RequestAborted);
    }

    private static string Sentence(VerificationState state, bool isDemo) =>
        (isDemo ? "Demonstration with a local test deployment, which proves nothing. " : "") +
        state.State switch
        {
            DeploymentState.Verified => "The deployment is verified. Prompts are encrypted for the code that the manifest names.",
            DeploymentState.Refused => "The deployment was refused. Nothing is sent to it.",
            DeploymentState.KeyRejected => "The service rejected the API key, so the deployment was not verified. No content is sent.",
            DeploymentState.Unreachable => "The service could not be reached, so the deployment was not verified. No content is sent.",
            _ => "The verification is in progress. No content is sent until it is complete. Reload this page.",
        };

    private static string Facts(VerificationState state, DateTimeOffset now)
    {
        StringBuilder rows = new();
        Row(rows, "Time of this page", VerificationEndpoint.Utc(now));
        if (state.Report is { } report)
        {
            Row(rows, "Service", report.Endpoint.AbsoluteUri);
            Row(rows, "Technology", report.AmdProduct is { } product ? $"{report.Tee}, AMD {product}" : report.Tee.ToString());
            Row(rows, "Verified at", VerificationEndpoint.Utc(report.VerifiedAt));
            Row(rows, "Valid until", VerificationEndpoint.Utc(report.ValidUntil));
            Row(rows, "Manifest (SHA-256)", report.ManifestSha256);
            Row(rows, "Manifest accepted because", report.ManifestSource.ToString());
            Row(rows, "Measurement", report.Measurement);
            foreach (string warning in report.Warnings)
            {
                Row(rows, "Warning", warning);
            }
        }

        if (state.Failure is { } failure)
        {
            Row(rows, "Failed check", VerificationEndpoint.CheckOf(failure));
            Row(rows, "What happened", VerificationEndpoint.MessageOf(failure));
            if (failure is PrivatemodeVerificationException { Expected: { } expected })
            {
                Row(rows, "Expected", expected);
            }

            if (failure is PrivatemodeVerificationException { Found: { } found })
            {
                Row(rows, "Found", found);
            }
        }

        return rows.ToString();
    }

    private static string Checks(VerificationState state)
    {
        StringBuilder rows = new();
        foreach (VerificationCheck check in state.Report?.Checks ?? [])
        {
            _ = rows.Append("<tr><td>").Append(Encoded(check.Name)).Append("</td><td>").Append(Encoded(check.Outcome.ToString()))
                .Append("</td><td>").Append(Encoded(check.Detail ?? "")).Append("</td></tr>\n");
        }

        return rows.ToString();
    }

    private static void Row(StringBuilder rows, string name, string value) =>
        rows.Append("<tr><th scope=\"row\">").Append(Encoded(name)).Append("</th><td>").Append(Encoded(value)).Append("</td></tr>\n");

    // The braces too, so that no value can be taken for a place of the template.
    private static string Encoded(string text) => HtmlEncoder.Default.Encode(text).Replace("{", "&#x7B;", StringComparison.Ordinal);

    private static string ReadTemplate()
    {
        using Stream stream = typeof(VerificationPage).Assembly.GetManifestResourceStream("Privatemode.AI.AspNetCore.Status.verification.html")!;
        using StreamReader reader = new(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
