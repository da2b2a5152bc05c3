using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using Privatemode.AI;
using Privatemode.AI.Testing;

// Kills a process that adopts manifests, at any moment, again and again over the same log. Every manifest whose adoption was reported must be in it,
// and the log must stay readable: an adoption that a crash can take back would let an old manifest be served unnoticed.
//   Privatemode.AI.ManifestKill [times]      the parent; 200 times by default
//   Privatemode.AI.ManifestKill adopt DIR    the process that is killed
return args switch
{
    ["adopt", string directory] => await AdoptAsync(directory),
    [string times] => await KillAsync(int.Parse(times, CultureInfo.InvariantCulture)),
    _ => await KillAsync(200),
};

static async Task<int> AdoptAsync(string directory)
{
    await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
    await using PrivatemodeClient client = deployment.CreateClient(options => options.Verification.Manifest = ManifestPolicy.Latest(directory));
    while (true)
    {
        string adopted = (await client.VerifyAsync()).ManifestSha256;
        Console.Out.WriteLine(adopted);
        Console.Out.Flush();
        deployment.Evidence.ChangeManifest();
    }
}

static async Task<int> KillAsync(int times)
{
    DirectoryInfo folder = Directory.CreateTempSubdirectory("privatemode-kill-");
    try
    {
        string[] before = [];
        int reported = 0;
        for (int i = 0; i < times; i++)
        {
            string[] printed = await RunAndKillAsync(folder.FullName);
            reported += printed.Length;
            string directory = Path.Combine(folder.FullName, ManifestLog.InsecureLoopbackDirectoryName);
            string[] log = [.. ManifestLog.Read(directory).Entries.Select(entry => entry.Sha256)];
            string[] lost = [.. printed.Except(log, StringComparer.Ordinal)];
            if (lost.Length > 0 || !log.AsSpan().StartsWith(before))
            {
                Console.WriteLine($"FAILED after {i + 1} kills: lost {string.Join(", ", lost)}; the log had {before.Length} lines and has {log.Length}.");
                return 1;
            }

            before = log;
        }

        Console.WriteLine($"{times} kills, {reported} reported adoptions, {before.Length} lines in the log: nothing lost.");
        return reported >= times ? 0 : 1;
    }
    finally
    {
        folder.Delete(recursive: true);
    }
}

static async Task<string[]> RunAndKillAsync(string directory)
{
    string[] program = Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet" ? [Assembly.GetEntryAssembly()!.Location] : [];
    using Process child = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [.. program, "adopt", directory]) { RedirectStandardOutput = true })!;
    string first = await child.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The process ended before it adopted a manifest.");
    await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(1, 300)), TimeProvider.System);
    child.Kill(); // SIGKILL: nothing of the process runs any more
    string rest = await child.StandardOutput.ReadToEndAsync();
    await child.WaitForExitAsync();

    // A line that was cut by the kill was not reported.
    return [first, .. rest.Split('\n')[..^1]];
}
