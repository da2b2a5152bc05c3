using System.Diagnostics.Tracing;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Architecture;

/// <summary>Prints the types of the library of which code runs in a call, for <see cref="WalksTests"/>. Runs in a process of its own.</summary>
/// <remarks>
/// The runtime reports a method when it compiles it: when it runs for the first time, and again for tier 1, when it has run
/// <see cref="Threshold"/> times. A first verification is measured by the former. For a call over an existing session the call is made so often that
/// all of its methods are compiled again, while those that only ran before are not.
/// </remarks>
internal static class WalkProgram
{
    public const string Whole = "walk-whole";
    public const string Streamed = "walk-streamed";
    public const string SevSnp = "walk-sev-snp";
    public const string Tdx = "walk-tdx";

    /// <summary>The calls after which a method is compiled again; more than a method runs before the session exists.</summary>
    public const int Threshold = 600;

    public static bool TryRun(string name)
    {
        if (name is not (Whole or Streamed or SevSnp or Tdx))
        {
            return false;
        }

        // Before anything loads the library.
        using CompiledMethods methods = new();
        RunAsync(name, methods).GetAwaiter().GetResult();
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task RunAsync(string name, CompiledMethods methods)
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync(new() { RecordRequests = false });
        deployment.Evidence.Kind = name == Tdx ? EvidenceKind.Tdx : EvidenceKind.SevSnp;
        await using PrivatemodeClient client = deployment.CreateClient();
        DateTime begin;
        if (name is SevSnp or Tdx)
        {
            begin = DateTime.UtcNow;
            _ = await client.VerifyAsync();
            FirstMarker();
        }
        else
        {
            using IChatClient chat = client.AsIChatClient("gpt-oss-120b");
            deployment.Model.Reply("One answer of four words.");
            await CallAsync(chat, name);
            begin = DateTime.UtcNow;
            for (int i = 0; i < Threshold; i++)
            {
                deployment.Model.Reply("One answer of four words.");
                await CallAsync(chat, name);
            }

            for (int i = 0; i <= Threshold; i++)
            {
                LastMarker();
            }
        }

        await methods.Marked.Task.OrTimeout();
        foreach ((string type, bool isLater) in methods.Types(begin))
        {
            Console.WriteLine($"{(isLater ? "call" : "start")} {type}");
        }
    }

    private static async Task CallAsync(IChatClient chat, string name)
    {
        ChatMessage[] messages = [new(ChatRole.System, "Be brief."), new(ChatRole.User, "Hello")];
        if (name == Whole)
        {
            _ = await chat.GetResponseAsync(messages);
            return;
        }

        await foreach (ChatResponseUpdate update in chat.GetStreamingResponseAsync(messages))
        {
            _ = update.Text;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void FirstMarker() => GC.KeepAlive(null);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void LastMarker() => GC.KeepAlive(null);

    /// <summary>The methods of the library that the runtime has compiled, and when.</summary>
    private sealed class CompiledMethods : EventListener
    {
        private const EventKeywords Loader = (EventKeywords)0x8;
        private const EventKeywords Jit = (EventKeywords)0x10;

        private readonly List<(DateTime At, object Module, string Type)> _methods = [];
        private readonly HashSet<object> _library = [];
        private int _markers;

        public TaskCompletionSource Marked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>The outermost types of the methods, and whether one was compiled after a time.</summary>
        public IEnumerable<(string Type, bool IsLater)> Types(DateTime begin)
        {
            lock (_methods)
            {
                return [.. _methods.Where(method => _library.Contains(method.Module)).GroupBy(method => method.Type)
                    .Select(group => (group.Key, group.Any(method => method.At >= begin)))];
            }
        }

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == "Microsoft-Windows-DotNETRuntime")
            {
                EnableEvents(eventSource, EventLevel.Verbose, Loader | Jit);
            }
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            string name = eventData.EventName ?? "";
            if (name.StartsWith("ModuleLoad", StringComparison.Ordinal)
                && Value(eventData, "ModuleILPath") is string path && Path.GetFileName(path) == "Privatemode.AI.dll")
            {
                lock (_methods)
                {
                    _ = _library.Add(Value(eventData, "ModuleID"));
                }
            }
            else if (name.StartsWith("MethodLoadVerbose", StringComparison.Ordinal))
            {
                string type = (string)Value(eventData, "MethodNamespace");
                lock (_methods)
                {
                    _methods.Add((eventData.TimeStamp, Value(eventData, "ModuleID"), type.Split('+', '`', '[')[0]));
                }

                Mark((string)Value(eventData, "MethodName"));
            }
        }

        /// <summary>A marker runs last, and events come in their order.</summary>
        private void Mark(string method)
        {
            if (method == nameof(FirstMarker) || (method == nameof(LastMarker) && ++_markers == 2))
            {
                Marked.TrySetResult();
            }
        }

        private static object Value(EventWrittenEventArgs eventData, string name) => eventData.Payload![eventData.PayloadNames!.IndexOf(name)]!;
    }
}
