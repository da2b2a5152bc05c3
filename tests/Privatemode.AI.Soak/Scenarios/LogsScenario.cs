using System.Globalization;
using Privatemode.AI.Testing;

namespace Privatemode.AI.Soak.Scenarios;

/// <summary>The directories of manifests and of collateral are missing, read-only, full, deleted or replaced while clients use them.</summary>
/// <remarks>The one of collateral is optional: calls succeed. The one of manifests is not: calls throw what docs/manifests.md says, and succeed again when the
/// directory can be used again.</remarks>
internal sealed class LogsScenario(SoakOptions options, Tally tally) : IDisposable
{
    /// <summary>What the proxy makes of a wrong setting.</summary>
    private const string ProxyConfiguration = "500 proxy_configuration";

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly JumpingClock _clock = new();
    private readonly Random _random = new(options.Seed);
    private readonly string _root = Directory.CreateTempSubdirectory("privatemode-soak-logs-").FullName;
    private readonly SortedDictionary<string, int> _cases = new(StringComparer.Ordinal);
    private int _number;

    /// <summary>How calls must end.</summary>
    private enum Expected
    {
        Right,
        Configuration,

        /// <summary>One of both: it depends on the moment.</summary>
        Either,
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    public async Task<string> RunAsync()
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync(
            new PrivatemodeTestDeploymentOptions { TimeProvider = _clock, RecordRequests = false });
        deployment.Evidence.IncludeCertificates = false; // so that collateral is downloaded
        deployment.Model.SetFallback(new ModelScript(tally, options).Answer);
        using (this)
        {
            for (int i = 0; i < (options.IsLong ? 25 : 1); i++)
            {
                foreach (bool isNew in options.IsLong ? (bool[])[false, true] : [_random.Next(2) == 0])
                {
                    await RunCasesAsync(deployment, isNew);
                }
            }
        }

        return string.Join(", ", _cases.Select(entry => $"{entry.Value} {entry.Key}"));
    }

    /// <param name="isNew">Whether the deployment gets another manifest: without one, a log that is full is only read.</param>
    private async Task RunCasesAsync(PrivatemodeTestDeployment deployment, bool isNew)
    {
        foreach (bool isLog in (bool[])[true, false])
        {
            Expected whenUnusable = isLog ? Expected.Configuration : Expected.Right;
            await CaseAsync(deployment, "missing", isLog, isNew, Expected.Right, Delete, _ => { });
            await CaseAsync(deployment, "replaced by a file", isLog, isNew, whenUnusable, ReplaceByFile, File.Delete);
            await CaseAsync(deployment, "files are folders", isLog, isNew, whenUnusable, ReplaceFiles, Delete);
            await CaseAsync(deployment, "deleted all the time", isLog, isNew, isLog ? Expected.Either : Expected.Right, null, _ => { });
            await MountedAsync(deployment, isLog, isNew);
        }
    }

    private async Task MountedAsync(PrivatemodeTestDeployment deployment, bool isLog, bool isNew)
    {
        if (Volume.TryMount(NextFolder()) is not { } volume)
        {
            Count("without file systems that are full or read-only, which need mount");
            return;
        }

        using (volume)
        {
            Expected whenFull = isLog && isNew ? Expected.Configuration : Expected.Right;
            await CaseAsync(deployment, "full", isLog, isNew, whenFull, _ => volume.Fill(), _ => volume.Empty(), volume.Path);
            Expected whenReadOnly = isLog ? Expected.Configuration : Expected.Right;
            await CaseAsync(deployment, "read-only", isLog, isNew, whenReadOnly, _ => volume.Set("ro"), _ => volume.Set("rw"), volume.Path);
        }
    }

    /// <summary>One case: a client that began before, and one that begins while the directory cannot be used.</summary>
    /// <param name="isLog">Whether the directory is that of manifests, not that of collateral.</param>
    /// <param name="isNew">Whether the deployment has another manifest afterwards.</param>
    /// <param name="damage">What happens to the directory; <see langword="null"/> if it is deleted again and again.</param>
    private async Task CaseAsync(
        PrivatemodeTestDeployment deployment, string name, bool isLog, bool isNew, Expected expected,
        Action<string>? damage, Action<string> mend, string? folder = null)
    {
        string directory = folder ?? Path.Combine(NextFolder(), "not", "yet");
        Count($"{(isLog ? "manifests" : "collateral")} {name}");
        await using ProxyHost proxy = await ProxyHost.StartAsync(_clock, tally, _ => { }, Configure);
        Renew(deployment, isNew: false);
        await CallAsync($"before {name}", deployment, proxy, proxy.Client, Expected.Right);
        if (!Directory.Exists(directory) || Directory.GetFiles(directory, "*", SearchOption.AllDirectories).Length == 0)
        {
            tally.Violate($"nothing was stored before {name}, so that the case says nothing");
            return;
        }

        using CancellationTokenSource end = new();
        Task deleting = damage is null && options.Breakage != Breakage.Healthy ? Task.Run(() => DeleteAsync(directory, end.Token)) : Task.CompletedTask;
        if (options.Breakage != Breakage.Healthy)
        {
            damage?.Invoke(directory);
        }

        string what = $"{(isLog ? "manifests" : "collateral")} {name}{(isNew ? ", new manifest" : "")}";
        await CallAsync($"{what}, same session", deployment, null, proxy.Client, Expected.Right);
        Renew(deployment, isNew);
        await CallAsync(what, deployment, proxy, proxy.Client, expected);
        await using (PrivatemodeClient late = deployment.CreateClient(Configure))
        {
            await CallAsync($"{what}, new client", deployment, null, late, expected);
        }

        await end.CancelAsync();
        await deleting;
        if (options.Breakage != Breakage.Healthy && damage is not null)
        {
            mend(directory);
        }

        Renew(deployment, isNew: false);
        await CallAsync($"after {what}", deployment, proxy, proxy.Client, Expected.Right);

        void Configure(PrivatemodeOptions client)
        {
            deployment.ConfigureClient(client);
            client.Verification.Manifest = ManifestPolicy.Latest(isLog ? directory : null);
            client.Verification.CollateralDirectory = isLog ? null : directory;
            client.Verification.Lifetime = TimeSpan.FromHours(1);
        }
    }

    /// <summary>Verifications and secrets have ended, and so has the time for which collateral is kept.</summary>
    private void Renew(PrivatemodeTestDeployment deployment, bool isNew)
    {
        if (isNew)
        {
            deployment.Evidence.ChangeManifest();
        }

        deployment.RotateMeshCa();
        _clock.Jump(TimeSpan.FromHours(2));
    }

    private async Task CallAsync(
        string what, PrivatemodeTestDeployment deployment, ProxyHost? proxy, PrivatemodeClient client, Expected expected)
    {
        using HttpClient handler = HandlerCalls.Connect(client, deployment.Endpoint);
        using HttpClient? http = proxy?.Connect();
        string marker = NextMarker();
        List<(string Name, Task<Outcome> Call)> calls =
        [
            ("IChatClient", EndAsync(() => ClientCalls.ChatAsync(NewCall(client), CancellationToken.None))),
            ("IChatClient streamed", EndAsync(() => ClientCalls.StreamAsync(NewCall(client), CancellationToken.None))),
            ("IEmbeddingGenerator", EndAsync(() => ClientCalls.EmbeddingsAsync(NewCall(client), CancellationToken.None))),
            ("message handler", EndAsync(() => Task.Factory.StartNew(
                () => HandlerCalls.Send(handler, marker, stream: false), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))),
        ];
        if (http is not null)
        {
            calls.Add(("proxy", EndAsync(() =>
                ProxyCalls.All().First(kind => kind.Name == "chat streamed").Run(NewCall(client, http), CancellationToken.None))));
        }

        foreach ((string name, Task<Outcome> call) in calls)
        {
            Outcome outcome = await call;
            bool isConfiguration = outcome.Kind == OutcomeKind.Error && (outcome.Detail == ProxyConfiguration
                || outcome.Detail.StartsWith(nameof(PrivatemodeConfigurationException), StringComparison.Ordinal));
            bool isExpected = (expected != Expected.Configuration && outcome.Kind == OutcomeKind.Right)
                || (expected != Expected.Right && isConfiguration);
            tally.Add(name, isExpected ? outcome : Outcome.Violation($"{what}: {outcome.Kind} {outcome.Detail}, expected {expected}"));
        }
    }

    private static Task<Outcome> EndAsync(Func<Task<Outcome>> call) => Ending.OfAsync(call, Deadline, exception => exception is PrivatemodeException);

    private static async Task DeleteAsync(string directory, CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            try
            {
                Directory.Delete(directory, recursive: true);
            }
            catch (IOException)
            {
                // It is not there, or gets a file just now.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, CancellationToken.None);
        }
    }

    private static void Delete(string directory) => Directory.Delete(directory, recursive: true);

    private static void ReplaceByFile(string directory)
    {
        Delete(directory);
        File.WriteAllText(directory, "not a directory");
    }

    /// <summary>All files are folders of the same name now.</summary>
    private static void ReplaceFiles(string directory)
    {
        foreach (string file in Directory.GetFiles(directory, "*", SearchOption.AllDirectories))
        {
            File.Delete(file);
            _ = Directory.CreateDirectory(file);
        }
    }

    private void Count(string name) => _cases[name] = _cases.GetValueOrDefault(name) + 1;

    private string NextFolder() => Path.Combine(_root, string.Create(CultureInfo.InvariantCulture, $"{_number++}"));

    private Call NewCall(PrivatemodeClient client, HttpClient? http = null) => new(http!, client, _random, NextMarker(), 0, false, 0);

    private string NextMarker() => Marker.Create(0, _number++, _random.Next(1, 12), false);
}
