using Privatemode.AI.Testing;
using Privatemode.Tool.CommandLine;

namespace Privatemode.Tool.Demo;

/// <summary>A deployment inside this process that answers from a script, to try every command without a key and without a network.</summary>
internal sealed class DemoDeployment : IAsyncDisposable
{
    /// <summary>The notice that every command with <c>--demo</c> writes first.</summary>
    public const string Notice =
        "Demo: the deployment runs inside this process with test certificates. It proves nothing and answers from a script.";

    // After so many events an answer is sent as fast as possible.
    private const int PacedEvents = 400;

    private readonly DemoScript _script;

    private DemoDeployment(PrivatemodeTestDeployment deployment, DemoScript script)
    {
        Deployment = deployment;
        _script = script;
    }

    /// <summary>The deployment itself, for tests and for the options of clients.</summary>
    public PrivatemodeTestDeployment Deployment { get; }

    /// <summary>Starts a demo.</summary>
    /// <param name="scriptFile">A file with answers, or null.</param>
    /// <param name="time">The clock.</param>
    /// <param name="configure">Changes the options of the deployment, or null: tests record requests and pace events themselves.</param>
    /// <exception cref="ToolException">The script cannot be read.</exception>
    public static async Task<DemoDeployment> StartAsync(
        string? scriptFile, TimeProvider time, Action<PrivatemodeTestDeploymentOptions>? configure = null)
    {
        DemoScript script = scriptFile is null ? DemoScript.Empty : DemoScript.Load(scriptFile);
        PrivatemodeTestDeploymentOptions options = new()
        {
            TimeProvider = time,
            RecordRequests = false,
            BeforeStreamEvent = (index, stop) => index is 0 or > PacedEvents
                ? ValueTask.CompletedTask
                : new ValueTask(Task.Delay(TimeSpan.FromMilliseconds(15), time, stop)),
        };
        options.Models.Clear();
        options.Models["gpt-oss-120b"] = ["generate", "tool_calling"];
        options.Models["glm-5.3-flash"] = ["generate", "tool_calling", "vision"];
        options.Models["qwen3-embedding-4b"] = ["embed"];
        options.Models["whisper-large-v3"] = ["transcribe"];
        configure?.Invoke(options);
        DemoDeployment demo = new(await PrivatemodeTestDeployment.StartAsync(options), script);
        demo.Deployment.Model.SetFallback(demo.Answer);
        script.ArmFaults(demo.Deployment.Faults);
        return demo;
    }

    public ValueTask DisposeAsync() => Deployment.DisposeAsync();

    private ScriptedAnswer Answer(RecordedRequest request)
    {
        if (DemoModel.IsConversation(request) && _script.Next(Deployment.Faults) is { } scripted)
        {
            return scripted;
        }

        return DemoModel.Answer(request);
    }
}
