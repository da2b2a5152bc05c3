using System.Globalization;
using System.Net.Sockets;
using Privatemode.Tool.Commands;

namespace Privatemode.Tool.Doctor;

/// <summary>The checks of names, certificates, clocks and ports. They send no content and no key.</summary>
internal sealed class NetworkChecks(IProbe probe, TimeProvider time, Uri endpoint)
{
    /// <summary>The maximum time of one check.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan SmallDifference = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LargeDifference = TimeSpan.FromMinutes(5);
    private static readonly Uri Manifest = new("https://cdn.confidential.cloud/privatemode/v2/manifest.json");
    private static readonly Uri StatusPage = new("https://status.privatemode.ai");

    // Names in the certificates of products that look into TLS connections.
    private static readonly string[] Inspectors =
    [
        "Zscaler", "Netskope", "Fortinet", "FortiGate", "Palo Alto", "Blue Coat", "Sophos", "Check Point", "Cisco Umbrella", "Kaspersky", "ESET", "Avast",
        "AVG", "Bitdefender", "McAfee", "Skyhigh", "Forcepoint", "Squid", "mitmproxy", "Charles Proxy", "Fiddler", "PortSwigger", "WatchGuard", "SonicWall",
    ];

    private readonly Dictionary<Uri, HostAnswer> _answers = [];
    private readonly Dictionary<Uri, string> _failures = [];

    /// <summary>The hosts that verification and requests need.</summary>
    public IReadOnlyList<Uri> Hosts { get; } =
    [
        endpoint, Manifest, new("https://kdsintf.amd.com"), new("https://api.trustedservices.intel.com"), new("https://certificates.trustedservices.intel.com"),
    ];

    public async Task<CheckResult> DnsAsync(CancellationToken stop)
    {
        List<string> unknown = [];
        foreach (Uri host in Hosts)
        {
            try
            {
                _ = await probe.ResolveAsync(host.Host, stop);
            }
            catch (SocketException)
            {
                unknown.Add(host.Host);
            }
        }

        bool hasProxy = unknown.All(host => probe.ProxyFor(new Uri($"https://{host}")) is not null);
        return unknown is []
            ? new CheckResult("dns", CheckOutcome.Ok, $"All {Hosts.Count} host names can be resolved.")
            : new CheckResult(
                "dns", hasProxy ? CheckOutcome.Warning : CheckOutcome.Failed, $"These host names cannot be resolved: {string.Join(", ", unknown)}.",
                hasProxy ? "The HTTP proxy may be able to resolve them." : $"Let this machine resolve and reach, on port 443: {HostList}.")
            {
                ExitCode = hasProxy ? ExitCodes.Success : ExitCodes.Failed,
            };
    }

    public async Task<CheckResult> TlsAsync(CancellationToken stop)
    {
        foreach (Uri host in Hosts)
        {
            await AskAsync(host, stop);
        }

        if (_failures.Count > 0)
        {
            string failed = string.Join("; ", _failures.Select(failure => $"{failure.Key.Host}: {failure.Value}"));
            return new CheckResult("tls", CheckOutcome.Failed, $"No connection: {failed}.", $"Let this machine reach, on port 443: {HostList}.")
            {
                ExitCode = ExitCodes.Failed,
            };
        }

        (Uri? untrusted, HostAnswer? bad) = _answers.FirstOrDefault(answer => !answer.Value.IsTrusted);
        if (bad is not null)
        {
            return new CheckResult(
                "tls", CheckOutcome.Failed, $"This machine does not trust the certificate of {untrusted.Host}, issued by {bad.Root}.",
                "If your network inspects TLS, import its certificate authority or exclude the hosts.")
            {
                ExitCode = ExitCodes.Failed,
            };
        }

        (Uri? inspected, HostAnswer? answer) = _answers.FirstOrDefault(
            answer => Inspectors.Any(name => answer.Value.Root?.Contains(name, StringComparison.OrdinalIgnoreCase) == true));
        return answer is not null
            ? new CheckResult(
                "tls", CheckOutcome.Warning, $"TLS inspection: the connection to {inspected.Host} ends at {answer.Root}.",
                "Prompts stay encrypted below TLS, so the inspection does not see them. If requests fail, exclude the hosts.")
            : new CheckResult("tls", CheckOutcome.Ok, $"All {Hosts.Count} hosts answer with certificates that this machine trusts.");
    }

    /// <summary>Compares the clock of this machine with those of the hosts that answered.</summary>
    public async Task<CheckResult> ClockAsync(CancellationToken stop)
    {
        foreach (Uri host in (Uri[])[endpoint, Manifest])
        {
            await AskAsync(host, stop);
        }

        TimeSpan[] differences = [.. _answers.Values.Select(answer => answer.Date - time.GetUtcNow()).OfType<TimeSpan>()];
        if (differences is [])
        {
            return new CheckResult("clock", CheckOutcome.Skipped, "No host returned its time.");
        }

        TimeSpan least = differences.MinBy(difference => difference.Duration());
        string seconds = least.Duration().TotalSeconds.ToString("0", CultureInfo.InvariantCulture);
        string summary = $"The clock of this machine is {seconds} s {(least > TimeSpan.Zero ? "behind" : "ahead")}.";
        return least.Duration() <= SmallDifference ? new CheckResult("clock", CheckOutcome.Ok, "The clock of this machine is correct.")
            : least.Duration() <= LargeDifference
                ? new CheckResult("clock", CheckOutcome.Warning, summary, "Set the clock, for example: timedatectl set-ntp true")
            : new CheckResult(
                "clock", CheckOutcome.Failed, summary,
                "Set the clock, for example: timedatectl set-ntp true. With a wrong clock, valid certificates look expired.")
            {
                ExitCode = ExitCodes.Failed,
            };
    }

    public async Task<CheckResult> HttpAsync(CancellationToken stop)
    {
        await AskAsync(Manifest, stop);
        return !_answers.TryGetValue(Manifest, out HostAnswer? answer)
            ? new CheckResult("http", CheckOutcome.Failed, "The published manifest cannot be retrieved.", "See the check of TLS.")
            {
                ExitCode = ExitCodes.Failed,
            }
            : answer.Status is >= 200 and < 300 ? new CheckResult("http", CheckOutcome.Ok, "The published manifest can be retrieved.")
            : new CheckResult("http", CheckOutcome.Failed, $"{Manifest.Host} answers with status {answer.Status}.", "See https://status.privatemode.ai.")
            {
                ExitCode = ExitCodes.Failed,
            };
    }

    public async Task<CheckResult> PortAsync(int port, CancellationToken stop)
    {
        try
        {
            HostAnswer answer = await probe.AskAsync(new Uri($"http://127.0.0.1:{port}/readyz"), stop);
            return answer.Server?.StartsWith("privatemode-dotnet/", StringComparison.Ordinal) == true
                ? new CheckResult("port", CheckOutcome.Ok, $"A privatemode proxy listens on port {port}.")
                : new CheckResult(
                    "port", CheckOutcome.Warning, $"Another program listens on port {port}.", "Use --port with privatemode proxy, for example --port 8081.");
        }
        catch (HttpRequestException exception) when (exception.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused })
        {
            return new CheckResult("port", CheckOutcome.Ok, $"Port {port} is free.");
        }
        catch (HttpRequestException)
        {
            return new CheckResult(
                "port", CheckOutcome.Warning, $"Another program listens on port {port}.", "Use --port with privatemode proxy, for example --port 8081.");
        }
    }

    public async Task<CheckResult> StatusAsync(CancellationToken stop)
    {
        await AskAsync(StatusPage, stop);
        return _answers.ContainsKey(StatusPage)
            ? new CheckResult("status", CheckOutcome.Ok, $"{StatusPage} can be reached; it shows known problems of the service.")
            : new CheckResult("status", CheckOutcome.Warning, $"{StatusPage} cannot be reached.", "Open it from another network.");
    }

    private string HostList => string.Join(", ", Hosts.Select(host => host.Host));

    private async Task AskAsync(Uri address, CancellationToken stop)
    {
        if (_answers.ContainsKey(address) || _failures.ContainsKey(address))
        {
            return;
        }

        using CancellationTokenSource limit = new(Limit, time);
        using CancellationTokenSource both = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
        try
        {
            _answers[address] = await probe.AskAsync(address, both.Token);
        }
        catch (HttpRequestException exception)
        {
            _failures[address] = exception.Message;
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            _failures[address] = $"no answer within {Limit.TotalSeconds:0} s";
        }
    }
}
