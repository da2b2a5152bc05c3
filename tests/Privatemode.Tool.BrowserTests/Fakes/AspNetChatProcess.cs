using System.Diagnostics;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.Tool.BrowserTests.Fakes;

/// <summary>The example AspNetChat with its test deployment, as a process of its own on a free port.</summary>
public sealed class AspNetChatProcess : IAsyncLifetime
{
    private const string Address = "Now listening on: ";

    private readonly string[] _arguments;
    private readonly TaskCompletionSource<Uri> _origin = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Process? _process;

    public AspNetChatProcess()
        : this([])
    {
    }

    internal AspNetChatProcess(params string[] arguments) => _arguments = arguments;

    public Uri Origin { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        if (BrowserFactAttribute.Chromium is null)
        {
            return;
        }

        string program = Path.Combine(AppContext.BaseDirectory, "AspNetChat.dll");
        ProcessStartInfo start = new("dotnet", [program, "--urls=http://127.0.0.1:0", .. _arguments]) { RedirectStandardOutput = true };
        _ = start.Environment.Remove("PRIVATEMODE_API_KEY");
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is null)
            {
                _ = _origin.TrySetException(new InvalidOperationException("The example ended before it listened."));
            }
            else if (line.Data.IndexOf(Address, StringComparison.Ordinal) is >= 0 and var at)
            {
                _ = _origin.TrySetResult(new Uri(line.Data[(at + Address.Length)..]));
            }
        };
        _process.BeginOutputReadLine();
        Origin = await _origin.Task.OrTimeout();
    }

    public Task DisposeAsync()
    {
        _process?.Kill();
        _process?.Dispose();
        return Task.CompletedTask;
    }
}
