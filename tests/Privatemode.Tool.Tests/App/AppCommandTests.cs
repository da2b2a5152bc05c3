using System.Net;
using System.Net.Http.Headers;
using System.Runtime.InteropServices;
using System.Text.Json;
using Privatemode.AI.Tests.Fakes;
using Privatemode.Tool.App;
using Privatemode.Tool.Services;
using Privatemode.Tool.Tests.Fakes;

namespace Privatemode.Tool.Tests.App;

/// <summary>The command that serves the chat page.</summary>
public sealed class AppCommandTests : IDisposable
{
    private readonly ToolRun _run = new();

    public void Dispose() => _run.Dispose();

    [Fact]
    public async Task Demo_PrintsItsAddressServesThePageAndEndsWithSuccess()
    {
        Task<(int ExitCode, string Out, string Error)> command = _run.InvokeAsync("app", "--demo", "--no-browser", "--port", "0", "--json");
        Uri address = new(JsonElement.Parse(await FirstLineAsync()).GetProperty("url").GetString()!);
        using HttpClient http = new() { BaseAddress = new Uri(address.GetLeftPart(UriPartial.Authority)) };
        string page = await http.GetStringAsync(new Uri("/app/", UriKind.Relative)).OrTimeout();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", address.Fragment["#t=".Length..]);
        string models = await http.GetStringAsync(new Uri("/v1/models", UriKind.Relative)).OrTimeout();
        _ = _run.Termination.Raise(PosixSignal.SIGTERM);
        (int exitCode, _, string error) = await command.OrTimeout();

        Assert.StartsWith("<!DOCTYPE html>", page, StringComparison.Ordinal);
        Assert.Contains("gpt-oss-120b", models, StringComparison.Ordinal);
        Assert.Equal(0, exitCode);
        Assert.Contains("It proves nothing", error, StringComparison.Ordinal);
        Assert.Equal("127.0.0.1", address.Host);
        Assert.Equal("#t=".Length + 43, address.Fragment.Length);
    }

    /// <summary>Other users can read the arguments of programs, and the key of the page is worth the API key.</summary>
    [Fact]
    public async Task Browser_GetsAFileThatOnlyTheUserCanRead_AndNoKeyAsArgument()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        string record = Path.Combine(_run.WorkingDirectory, "record");
        string program = _run.WriteFile(
            OperatingSystem.IsMacOS() ? "open" : "xdg-open",
            $"#!/bin/sh\nPATH=/usr/bin:/bin\n(printf '%s\\n' \"$@\"; ls -l \"$1\"; cat \"$1\") > '{record}.new'\nmv '{record}.new' '{record}'\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        _run.SetVariable("PATH", _run.WorkingDirectory);
        _run.SetVariable("HOME", _run.WorkingDirectory);

        Task<(int ExitCode, string Out, string Error)> command = _run.InvokeAsync("app", "--demo", "--port", "0", "--json");
        string url = JsonElement.Parse(await FirstLineAsync()).GetProperty("url").GetString()!;
        using CancellationTokenSource limit = new(TestTimeouts.Default);
        while (!File.Exists(record))
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        _ = _run.Termination.Raise(PosixSignal.SIGTERM);
        _ = await command.OrTimeout();

        string[] lines = File.ReadAllLines(record);
        Assert.Matches(@"^/.*/privatemode-app-[0-9a-f]{32}\.html$", lines[0]);
        Assert.StartsWith("-rw-------", lines[1], StringComparison.Ordinal);
        Assert.Contains($"content=\"0; url={url}\"", File.ReadAllText(record), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_run.WorkingDirectory, "*.html"));
    }

    [Fact]
    public async Task WithoutABrowser_TheCommandRunsOn()
    {
        _run.SetVariable("PATH", _run.WorkingDirectory);
        _run.SetVariable("HOME", _run.WorkingDirectory);
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        Task<(int ExitCode, string Out, string Error)> command = _run.InvokeAsync("app", "--demo", "--port", "0");
        await _run.Console.WaitForErrorAsync(text => text.Contains("No browser could be started. Open the address yourself.", StringComparison.Ordinal));
        _ = _run.Termination.Raise(PosixSignal.SIGTERM);
        (int exitCode, _, string error) = await command.OrTimeout();

        Assert.Equal(0, exitCode);
        Assert.DoesNotContain("only for you", error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_run.WorkingDirectory, "*.html"));
    }

    [Theory]
    [InlineData("--port: \"x\" is not a port from 0 to 65535", "--port", "x")]
    [InlineData("--port: \"65536\" is not a port from 0 to 65535", "--port", "65536")]
    [InlineData("Unknown flag \"--listen\". Run \"privatemode app --help\".", "--listen", "0.0.0.0")]
    public async Task WrongFlags_AreOneLine(string message, params string[] flags)
    {
        (int exitCode, string text, string error) = await _run.InvokeAsync(["app", "--demo", "--no-browser", .. flags]);

        Assert.Equal((2, ""), (exitCode, text));
        Assert.StartsWith($"Error: {message}", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PortInUse_SaysWhatToDo()
    {
        await using AppHost first = await AppHost.StartAsync(new ServiceSettings { IsDemo = true }, 0, _run.Context);
        (int exitCode, _, string error) = await _run.InvokeAsync("app", "--demo", "--no-browser", "--port", $"{first.Origin.Port}");

        Assert.Equal(2, exitCode);
        Assert.Contains($"listening on port \"{first.Origin.Port}\": the address is already in use.", error, StringComparison.Ordinal);
        Assert.Contains("otherwise, use --port", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EveryStart_HasAKeyOfItsOwn()
    {
        await using AppHost first = await AppHost.StartAsync(new ServiceSettings { IsDemo = true }, 0, _run.Context);
        await using AppHost second = await AppHost.StartAsync(new ServiceSettings { IsDemo = true }, 0, _run.Context);
        using HttpClient http = new() { BaseAddress = second.Origin };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", first.Token);
        using HttpResponseMessage answer = await http.GetAsync(new Uri("/app/storage-key", UriKind.Relative)).OrTimeout();

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.NotEqual(first.Token, second.Token);
    }

    [Fact]
    public void StorageKey_IsCreatedOnceAndReplacedOnRequest()
    {
        StorageKey key = new(new StateDirectory(_run.StateDirectory));
        byte[] first = key.Read();

        Assert.Equal(StorageKey.Size, first.Length);
        Assert.Equal(first, new StorageKey(new StateDirectory(_run.StateDirectory)).Read());
        key.Replace();
        Assert.NotEqual(first, key.Read());
        string file = Assert.Single(Directory.GetFiles(_run.StateDirectory));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }
    }

    [Fact]
    public void StorageKey_ThatIsDamaged_IsReplaced()
    {
        _ = Directory.CreateDirectory(_run.StateDirectory);
        File.WriteAllText(Path.Combine(_run.StateDirectory, "app-storage.key"), "short");

        Assert.Equal(StorageKey.Size, new StorageKey(new StateDirectory(_run.StateDirectory)).Read().Length);
    }

    private async Task<string> FirstLineAsync()
    {
        using CancellationTokenSource limit = new(TestTimeouts.Default);
        while (!_run.Console.OutText.Contains('\n', StringComparison.Ordinal))
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        return _run.Console.OutText.Split('\n')[0];
    }
}
