using Microsoft.Extensions.Logging;
using Privatemode.AI;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Demo;

namespace Privatemode.Tool.Services;

/// <summary>Creates clients from the flags of a command.</summary>
internal static class ClientFactory
{
    /// <summary>Opens the workspace, starts the test deployment if the flags ask for it, and creates a client. Nothing is sent.</summary>
    /// <param name="settings">The checked flags.</param>
    /// <param name="context">The console, the environment and the directories of the command.</param>
    /// <param name="configure">Changes the options of the client, or null.</param>
    /// <returns>The connection. Dispose it to end the client and the demo.</returns>
    public static async Task<ClientConnection> OpenAsync(
        ServiceSettings settings, ToolContext context, Action<PrivatemodeOptions>? configure = null)
    {
        ServiceEnvironment environment = await ServiceEnvironment.OpenAsync(settings, context, context.State.Path);
        try
        {
            PrivatemodeOptions options = new();
            environment.Configure(options);
            configure?.Invoke(options);
            ILoggerFactory? loggers = settings.IsVerbose
                ? LoggerFactory.Create(logging => logging.AddProvider(new Logging.SlogProvider(context.Console.Error, context.Time, isJson: false)))
                : null;
            options.LoggerFactory ??= loggers;
            return new ClientConnection(new PrivatemodeClient(options), environment, loggers);
        }
        catch
        {
            await environment.DisposeAsync();
            throw;
        }
    }
}

/// <summary>A client with its workspace and its deployment.</summary>
internal sealed class ClientConnection(PrivatemodeClient client, ServiceEnvironment environment, ILoggerFactory? loggers) : IAsyncDisposable
{
    public PrivatemodeClient Client => client;

    public DemoDeployment? Demo => environment.Demo;

    /// <summary>The full path of the workspace.</summary>
    public string Workspace => environment.Workspace;

    /// <summary>The directory with the entries of the authoritative log of manifests.</summary>
    public string EntriesDirectory => environment.EntriesDirectory;

    /// <summary>Sets the options of another client for the same service and workspace.</summary>
    public void Configure(PrivatemodeOptions options) => environment.Configure(options);

    public async ValueTask DisposeAsync()
    {
        await client.DisposeAsync();
        loggers?.Dispose();
        await environment.DisposeAsync();
    }
}

/// <summary>The workspace of a command and, with <c>--demo</c>, the deployment that answers it.</summary>
internal sealed class ServiceEnvironment : IAsyncDisposable
{
    private const int MaxAttempts = 40;
    private const int LooksAfterDeletion = 2;
    private static readonly TimeSpan PauseBetweenAttempts = TimeSpan.FromMilliseconds(50);

    private readonly ServiceSettings _settings;
    private readonly ToolContext _context;
    private readonly string? _temporary;

    private ServiceEnvironment(ServiceSettings settings, ToolContext context, string workspace, string? temporary, DemoDeployment? demo)
    {
        _settings = settings;
        _context = context;
        _temporary = temporary;
        Workspace = workspace;
        Demo = demo;
    }

    public DemoDeployment? Demo { get; }

    public string Workspace { get; }

    /// <summary>The directory of the log of manifests. <c>privatemode-proxy</c> reads only the JSON files in 'manifests' itself and ignores this
    /// subdirectory.</summary>
    public string LogDirectory => Path.Combine(Workspace, "manifests", "verified");

    /// <summary>The directory with the entries of that log. For a test deployment, it is a subdirectory.</summary>
    public string EntriesDirectory => Demo is null ? LogDirectory : Path.Combine(LogDirectory, ManifestLog.InsecureLoopbackDirectoryName);

    /// <param name="settings">The checked flags.</param>
    /// <param name="context">The console, the environment and the directories of the command.</param>
    /// <param name="defaultWorkspace">The workspace if the flags name none; with the demo, a temporary directory.</param>
    public static async Task<ServiceEnvironment> OpenAsync(ServiceSettings settings, ToolContext context, string defaultWorkspace)
    {
        string? temporary = settings.IsDemo && settings.Workspace is null ? Directory.CreateTempSubdirectory("privatemode-demo-").FullName : null;
        DemoDeployment? demo = null;
        try
        {
            string workspace = temporary ?? settings.Workspace ?? defaultWorkspace;
            _ = StateDirectory.RequireWritable(workspace, workspace);
            StateDirectory.CreateDirectory(Path.Combine(workspace, "manifests"));
            StateDirectory.CreateDirectory(Path.Combine(workspace, "collateral"));
            if (settings.IsDemo)
            {
                demo = await DemoDeployment.StartAsync(settings.DemoScript, context.Time);
                await context.Console.Error.WriteLineAsync(DemoDeployment.Notice);
            }

            return new ServiceEnvironment(settings, context, workspace, temporary, demo);
        }
        catch
        {
            await DisposeAsync(demo, temporary);
            throw;
        }
    }

    /// <summary>Sets everything that the flags say about the service, its verification, and the workspace.</summary>
    public void Configure(PrivatemodeOptions options)
    {
        options.ApiKey = _settings.ApiKey;
        options.Endpoint = _settings.Endpoint ?? options.Endpoint;
        options.TimeProvider = _context.Time;
        options.Verification.CollateralDirectory = Path.Combine(Workspace, "collateral");
        options.Verification.Manifest = _settings.Manifest ?? ManifestPolicy.Latest(LogDirectory);
        Demo?.Deployment.ConfigureClient(options);
        _context.ConfigureClient?.Invoke(options);
    }

    public ValueTask DisposeAsync() => DisposeAsync(Demo, _temporary);

    private static async ValueTask DisposeAsync(DemoDeployment? demo, string? temporary)
    {
        if (demo is not null)
        {
            await demo.DisposeAsync();
        }

        if (temporary is not null)
        {
            await DeleteAsync(temporary);
        }
    }

    // A client that was just disposed may still write a file, and create the directory again: its work in the background has been canceled, not awaited.
    private static async Task DeleteAsync(string directory)
    {
        int looksWithoutIt = 0;
        for (int attempts = 1; attempts <= MaxAttempts && looksWithoutIt < LooksAfterDeletion; attempts++)
        {
            try
            {
                Directory.Delete(directory, recursive: true);
                looksWithoutIt = 0;
            }
            catch (DirectoryNotFoundException)
            {
                looksWithoutIt++;
            }
            catch (IOException) when (attempts < MaxAttempts)
            {
                looksWithoutIt = 0;
            }

            await Task.Delay(PauseBetweenAttempts, TimeProvider.System);
        }
    }
}
