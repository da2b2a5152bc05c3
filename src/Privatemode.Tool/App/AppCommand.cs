using System.Buffers.Text;
using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Commands;
using Privatemode.Tool.Proxy;
using Privatemode.Tool.Services;

namespace Privatemode.Tool.App;

/// <summary><c>privatemode app</c>: a private chat page in the browser, served by a proxy on this machine.</summary>
internal static class AppCommand
{
    // What the browser keeps belongs to the address with its port: the port must not change from start to start.
    private const int DefaultPort = 8765;

    public static Command Create(ToolContext context)
    {
        TextFlag port = new("--port", "N", $"The port of the page on this machine [default: {DefaultPort}]");
        BoolFlag noBrowser = new("--no-browser", "Print the address of the page, and do not open a browser");
        Command command = new("app", "Open a private chat page in the browser") { port, noBrowser };
        CommonOptions options = new();
        command.SetRun(options, context, async (result, output, stop) =>
        {
            ServiceSettings service = options.Read(result, context);
            await using AppHost app = await AppHost.StartAsync(service, ReadPort(port.Read(result)), context);
            Announce(app, service, output);
            using Browser? browser = noBrowser.Read(result) ? null : Browser.Open(app.Address, context);
            if (browser is null && !noBrowser.Read(result))
            {
                output.Hint("No browser could be started. Open the address yourself.");
            }

            await WaitAsync(stop);
            return ExitCodes.Success;
        });
        return command;
    }

    private static int ReadPort(string? value) =>
        value is null ? DefaultPort
        : int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port <= 65535 ? port
        : throw ToolException.Usage($"--port: \"{value}\" is not a port from 0 to 65535");

    private static void Announce(AppHost app, ServiceSettings service, Output output)
    {
        if (!output.IsJson)
        {
            output.Line($"The chat page is at {app.Address.AbsoluteUri}");
            output.Hint(
                "The address contains a key that is valid until this command ends. Do not pass it on: every user of this machine who has it " +
                "can use your API key. Press Ctrl+C to end.");
            return;
        }

        output.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("schema", "privatemode.app/1");
            json.WriteString("url", app.Address.AbsoluteUri);
            json.WriteNumber("pid", Environment.ProcessId);
            json.WriteBoolean("demo", service.IsDemo);
            json.WriteEndObject();
        });
    }

    /// <summary>Waits for Ctrl+C or SIGTERM, which end this command with success.</summary>
    private static async Task WaitAsync(CancellationToken stop)
    {
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }
}

/// <summary>A running proxy with the chat page.</summary>
internal sealed class AppHost : IAsyncDisposable
{
    private readonly ProxyHost _proxy;

    private AppHost(ProxyHost proxy, string token)
    {
        _proxy = proxy;
        Origin = proxy.Urls[0];
        Address = new Uri(Origin, $"{AppEndpoints.Path}#t={token}");
        Token = token;
    }

    /// <summary>The address without a path.</summary>
    public Uri Origin { get; }

    /// <summary>The address of the page with the key of this start. Browsers do not send the part behind # to servers.</summary>
    public Uri Address { get; }

    /// <summary>The random caller key of the page, which is new for each start.</summary>
    public string Token { get; }

    public ProxyHost Proxy => _proxy;

    /// <summary>Starts the page on a loopback address.</summary>
    /// <param name="service">The service.</param>
    /// <param name="port">The port; 0 for one that is free.</param>
    /// <param name="context">The console, the environment and the directories of the command.</param>
    /// <exception cref="ToolException">The port is in use, or the workspace cannot be used.</exception>
    public static async Task<AppHost> StartAsync(ServiceSettings service, int port, ToolContext context)
    {
        string token = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        AppPage page = AppPage.Load();
        StorageKey key = new(context.State);
        ProxySettings settings = new()
        {
            Service = service,
            DefaultWorkspace = context.State.Path,
            Port = port,
            CallerKeys = [token],
            LogLevel = service.IsVerbose ? LogLevel.Information : LogLevel.Error,
        };
        try
        {
            return new AppHost(await ProxyHost.StartAsync(settings, context, app => AppEndpoints.Map(app, page, key)), token);
        }
        catch (ToolException exception) when (exception.InnerException is IOException)
        {
            throw ToolException.Setup($"{exception.Message}. Perhaps \"privatemode app\" is running already; otherwise, use --port.", exception);
        }
    }

    public ValueTask DisposeAsync() => _proxy.DisposeAsync();
}
