using System.CommandLine;
using Privatemode.AI;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Commands;
using Privatemode.Tool.Services;

namespace Privatemode.Tool.Doctor;

/// <summary><c>privatemode doctor</c>: what works, and what to do about what does not.</summary>
internal sealed class DoctorCommand
{
    private const int ProxyPort = 8080;

    private static readonly Uri Production = new("https://api.privatemode.ai");
    private const string VerificationFailed = "the check \"verification\" failed";
    private static readonly TimeSpan VerificationLimit = TimeSpan.FromSeconds(60);
    private static readonly string[] ServiceChecks = ["verification", "protocol", "models"];

    private readonly ToolContext _context;
    private readonly CommonOptions _common = new();
    private readonly BoolFlag _offline = new("--offline", "Only the checks that need no network");

    private DoctorCommand(ToolContext context) => _context = context;

    public static Command Create(ToolContext context)
    {
        DoctorCommand doctor = new(context);
        Command command = new("doctor", "Check the API key, the clock, the network and the deployment, and suggest what to do") { doctor._offline };
        command.SetRun(doctor._common, context, doctor.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, Output output, CancellationToken stop)
    {
        ServiceSettings settings = _common.Read(result, _context, needsKey: false);
        List<CheckResult> results = [];
        await foreach (CheckResult check in CheckAsync(result, settings, stop))
        {
            results.Add(check);
            Write(check, output);
        }

        if (output.IsJson)
        {
            output.Json(json => WriteJson(json, results));
        }

        // A refused deployment outweighs everything; then what the user set up wrongly; then what could not be told.
        int[] order = [ExitCodes.Refused, ExitCodes.Usage, ExitCodes.Unknown, ExitCodes.Failed];
        return order.FirstOrDefault(code => results.Any(check => check.ExitCode == code), ExitCodes.Success);
    }

    private async IAsyncEnumerable<CheckResult> CheckAsync(
        ParseResult result, ServiceSettings settings, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
    {
        IProbe probe = _context.Probe ?? new NetworkProbe();
        LocalChecks local = new(_context, settings, probe);
        NetworkChecks network = new(probe, _context.Time, settings.Endpoint ?? Production);
        bool isOffline = _offline.Read(result);
        await using ServiceEnvironment environment = await ServiceEnvironment.OpenAsync(settings, _context, _context.State.Path);
        yield return local.Key(_common.ApiKey.Read(result));
        yield return local.State(environment.Workspace, environment.EntriesDirectory);
        yield return local.ProxyVariables(network.Hosts);
        yield return local.Hardware();
        string? reason = isOffline ? "--offline" : settings.IsDemo ? "the demo needs no network" : null;
        (string Id, Func<Task<CheckResult>> Check)[] checks =
        [
            ("dns", () => network.DnsAsync(stop)), ("tls", () => network.TlsAsync(stop)), ("clock", () => network.ClockAsync(stop)),
            ("http", () => network.HttpAsync(stop)), ("status", () => network.StatusAsync(stop)),
        ];
        foreach ((string id, Func<Task<CheckResult>> check) in checks)
        {
            yield return reason is null ? await check() : Skip(id, reason);
        }

        yield return isOffline ? Skip("port", "--offline") : await network.PortAsync(ProxyPort, stop);
        string? noService = isOffline ? "--offline" : settings.ApiKey is null && !settings.IsDemo ? "there is no API key" : null;
        foreach (CheckResult check in noService is null
            ? await VerifyAsync(environment, settings, stop)
            : ServiceChecks.Select(id => Skip(id, noService)))
        {
            yield return check;
        }
    }

    /// <summary>Verifies the deployment, and asks for the models, which shows whether the key is accepted.</summary>
    private async Task<IReadOnlyList<CheckResult>> VerifyAsync(ServiceEnvironment environment, ServiceSettings settings, CancellationToken stop)
    {
        PrivatemodeOptions options = new();
        environment.Configure(options);
        await using PrivatemodeClient client = new(options);
        using CancellationTokenSource limit = new(VerificationLimit, _context.Time);
        using CancellationTokenSource both = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
        try
        {
            VerifiedDeployment verified = await client.VerifyAsync(both.Token);
            IReadOnlyList<ModelInfo> models = await client.Models.ListAsync(both.Token);
            return
            [
                new CheckResult("verification", CheckOutcome.Ok, $"The deployment is verified: {verified.Tee}, manifest {verified.ManifestSha256[..8]}…"),
                new CheckResult("protocol", CheckOutcome.Ok, "The service accepts the protocol version of this program."),
                new CheckResult("models", CheckOutcome.Ok, $"{models.Count} models are offered."),
            ];
        }
        catch (PrivatemodeException exception)
        {
            return Explain(exception, settings);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return
            [
                new CheckResult(
                    "verification", CheckOutcome.Failed, $"The verification did not finish within {VerificationLimit.TotalSeconds:0} s.",
                    "See the checks of the network.")
                {
                    ExitCode = ExitCodes.Unknown,
                },
                Skip("protocol", VerificationFailed), Skip("models", VerificationFailed),
            ];
        }
    }

    private static List<CheckResult> Explain(PrivatemodeException exception, ServiceSettings settings)
    {
        (int exitCode, string advice) = exception switch
        {
            PrivatemodeVerificationException or PrivatemodeIntegrityException or PrivatemodeWouldLeakException =>
                (ExitCodes.Refused, Verify.VerifyOutput.Advice),
            PrivatemodeConfigurationException or PrivatemodeRequestException =>
                (ExitCodes.Usage, settings.IsDemo ? "Report this." : "Create a new API key at https://portal.privatemode.ai."),
            PrivatemodeServiceException { Reason: ServiceFailureReason.RateLimited } => (ExitCodes.Unknown, "Wait a minute, and try again."),
            _ => (ExitCodes.Unknown, "See the checks of the network, and https://status.privatemode.ai."),
        };
        bool isTooOld = exception is PrivatemodeServiceException { Reason: ServiceFailureReason.ClientTooOld };
        return
        [
            new CheckResult("verification", CheckOutcome.Failed, exception.Message, advice) { ExitCode = exitCode },
            isTooOld
                ? new CheckResult(
                    "protocol", CheckOutcome.Failed, "The service asks for a newer protocol version. This answer is not authenticated.",
                    "Update this program: dotnet tool update -g Privatemode.Tool --prerelease")
                : Skip("protocol", VerificationFailed),
            Skip("models", VerificationFailed),
        ];
    }

    private static CheckResult Skip(string id, string reason) => new(id, CheckOutcome.Skipped, $"Skipped: {reason}.");

    private static void Write(CheckResult check, Output output)
    {
        if (output.IsJson)
        {
            return;
        }

        output.Line($"{NameOf(check.Outcome),-8} {check.Id,-16} {Output.Escape(check.Summary)}");
        if (check.Advice is not null)
        {
            output.Line($"{"",-25} → {Output.Escape(check.Advice)}");
        }
    }

    private static void WriteJson(System.Text.Json.Utf8JsonWriter json, IEnumerable<CheckResult> results)
    {
        json.WriteStartObject();
        json.WriteString("schema", "privatemode.doctor/1");
        json.WriteStartArray("checks");
        foreach (CheckResult check in results)
        {
            json.WriteStartObject();
            json.WriteString("id", check.Id);
            json.WriteString("outcome", NameOf(check.Outcome));
            json.WriteString("summary", check.Summary);
            json.WriteString("advice", check.Advice);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static string NameOf(CheckOutcome outcome) => outcome switch
    {
        CheckOutcome.Ok => "ok",
        CheckOutcome.Warning => "warning",
        CheckOutcome.Failed => "failed",
        _ => "skipped",
    };
}
