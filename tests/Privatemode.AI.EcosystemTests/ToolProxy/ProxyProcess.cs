using System.Collections.Concurrent;
using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using Privatemode.AI.Tests.Architecture;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.ToolProxy;

/// <summary>A process of <c>privatemode proxy --demo</c> on a free port of this machine. It ends with the test, also if the test fails.</summary>
internal sealed class ProxyProcess : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("privatemode-proxy-").FullName;
    private readonly ConcurrentQueue<string> _log = new();
    private readonly SemaphoreSlim _hasLogged = new(0);
    private readonly Process _process;
    private readonly Task _reading;

    private ProxyProcess(string? script, string[] options)
    {
        ProcessStartInfo info = new(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [Tool, "proxy", "--demo", "--port", "0", "--json"])
        {
            WorkingDirectory = _folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string option in (string[])["--log-format", "json", .. options])
        {
            info.ArgumentList.Add(option);
        }

        if (script is not null)
        {
            string file = Path.Combine(_folder, "script.jsonl");
            File.WriteAllText(file, script);
            info.ArgumentList.Add("--demo-script");
            info.ArgumentList.Add(file);
        }

        info.Environment["TMPDIR"] = _folder;
        _ = info.Environment.Remove("PRIVATEMODE_API_KEY");
        _process = Process.Start(info)!;
        AppDomain.CurrentDomain.ProcessExit += EndAtOnce;
        _reading = ReadLogAsync();
    }

    /// <summary>The address, without a path.</summary>
    public Uri Address { get; private set; } = null!;

    /// <summary>The address of OpenAI's API.</summary>
    public Uri OpenAI => new(Address, "v1");

    // Built with this project, in the same configuration.
    private static string Tool => Path.Combine(
        RepositoryFiles.Root, "src", "Privatemode.Tool", "bin",
        typeof(ProxyProcess).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()!.Configuration, "net10.0", "Privatemode.Tool.dll");

    /// <summary>Starts a proxy.</summary>
    /// <param name="script">The answers of <c>--demo-script</c>, or null: the demo then looks for words in the last message.</param>
    /// <param name="options">Further options of the command.</param>
    public static async Task<ProxyProcess> StartAsync(string? script = null, params string[] options)
    {
        ProxyProcess proxy = new(script, options);
        try
        {
            string line = await proxy._process.StandardOutput.ReadLineAsync().OrTimeout()
                ?? throw new InvalidOperationException($"The proxy ended: {string.Join('\n', proxy._log)}");
            using JsonDocument json = JsonDocument.Parse(line);
            proxy.Address = new Uri(json.RootElement.GetProperty("urls")[0].GetString()!);

            // Before that, the list of models is answered with 503 after some seconds.
            _ = await proxy.WaitForLogAsync(" is verified: ");
            return proxy;
        }
        catch
        {
            await proxy.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits for a line of the log that contains the text, and returns it.</summary>
    public async Task<string> WaitForLogAsync(string text)
    {
        while (true)
        {
            if (_log.FirstOrDefault(line => line.Contains(text, StringComparison.Ordinal)) is { } found)
            {
                return found;
            }

            Assert.True(await _hasLogged.WaitAsync(TestTimeouts.Default), $"No such line in: {string.Join('\n', _log)}");
        }
    }

    /// <summary>Ends the proxy as a service manager does, and deletes its files.</summary>
    public async ValueTask DisposeAsync()
    {
        AppDomain.CurrentDomain.ProcessExit -= EndAtOnce;
        try
        {
            if (!OperatingSystem.IsWindows() && !_process.HasExited)
            {
                using Process kill = Process.Start("kill", ["-TERM", _process.Id.ToString()]);
                await kill.WaitForExitAsync().OrTimeout();
                await _process.WaitForExitAsync().OrTimeout();
                Assert.Equal(0, _process.ExitCode);
            }
        }
        finally
        {
            EndAtOnce(null, EventArgs.Empty);
            await _reading.OrTimeout();
            _process.Dispose();
            Directory.Delete(_folder, recursive: true);
        }
    }

    private void EndAtOnce(object? sender, EventArgs arguments)
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }
    }

    private async Task ReadLogAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            _log.Enqueue(line);
            _ = _hasLogged.Release();
        }
    }
}

/// <summary>One proxy for all tests with this fixture.</summary>
public sealed class ProxyFixture : IAsyncLifetime
{
    private ProxyProcess? _proxy;

    internal ProxyProcess Proxy => _proxy!;

    public async Task InitializeAsync() => _proxy = await ProxyProcess.StartAsync();

    public async Task DisposeAsync()
    {
        if (_proxy is not null)
        {
            await _proxy.DisposeAsync();
        }
    }
}

/// <summary>The tests of one client after the other, over one proxy: each process of the tool costs a second.</summary>
[CollectionDefinition(Name)]
public sealed class ToolProxyTests : ICollectionFixture<ProxyFixture>
{
    public const string Name = "a process of the proxy";
}
