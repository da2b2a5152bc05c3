using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using StackExchange.Redis;

namespace Privatemode.AI.Replicas;

/// <summary>A Redis server on a free port of the loopback interface, without persistence.</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    // It ends by itself if this process is killed.
    private const string MaxRunSeconds = "600";

    private readonly DirectoryInfo _directory;
    private readonly Process _process;
    private int _id;

    private RedisServer(DirectoryInfo directory, Process process, string address)
    {
        _directory = directory;
        _process = process;
        Address = address;
    }

    public static bool IsInstalled =>
        OperatingSystem.IsLinux()
        && (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "redis-server")));

    /// <summary>Host and port.</summary>
    public string Address { get; }

    public static async Task<RedisServer> StartAsync()
    {
        int port = FreePort();
        DirectoryInfo directory = Directory.CreateTempSubdirectory("privatemode-redis-");
        string[] arguments =
        [
            MaxRunSeconds, "redis-server", "--bind", IPAddress.Loopback.ToString(), "--port", port.ToString(CultureInfo.InvariantCulture),
            "--save", "", "--appendonly", "no", "--daemonize", "no", "--dir", directory.FullName, "--maxmemory", "512mb",
        ];
        Process process = Process.Start(new ProcessStartInfo("timeout", arguments) { RedirectStandardOutput = true })!;
        RedisServer server = new(directory, process, $"{IPAddress.Loopback}:{port}");
        try
        {
            while (await process.StandardOutput.ReadLineAsync() is { } line)
            {
                if (line.Contains("Ready to accept connections", StringComparison.Ordinal))
                {
                    await using ConnectionMultiplexer connection = await server.ConnectAsync();
                    server._id = int.Parse(
                        connection.GetServer(server.Address).Info("server")[0].Single(entry => entry.Key == "process_id").Value, CultureInfo.InvariantCulture);
                    return server;
                }
            }

            throw new InvalidOperationException("redis-server ended before it listened.");
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Connects as an administrator.</summary>
    public Task<ConnectionMultiplexer> ConnectAsync() => ConnectionMultiplexer.ConnectAsync($"{Address},allowAdmin=true");

    /// <summary>Stops the server from answering; its port still accepts connections.</summary>
    public void Pause() => Signal("STOP");

    public void Continue() => Signal("CONT");

    /// <summary>Ends the server, with the process that limits its time.</summary>
    public async Task StopAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _process.Dispose();
        _directory.Delete(recursive: true);
    }

    // Not to 'timeout', whose id this process knows: it does not pass these signals on.
    private void Signal(string name)
    {
        using Process kill = Process.Start("sh", ["-c", $"kill -{name} {_id}"]);
        kill.WaitForExit();
        _ = kill.ExitCode == 0 ? 0 : throw new InvalidOperationException($"redis-server cannot be sent {name}.");
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
