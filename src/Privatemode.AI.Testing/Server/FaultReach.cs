using Privatemode.AI.Testing.Enclave;

namespace Privatemode.AI.Testing.Server;

/// <summary>Decides whether a fault can be applied to an answer. If it cannot, the test must fail, because it would otherwise pass without its fault.</summary>
internal static class FaultReach
{
    private const string NotAStream = "the answer is not a stream";

    /// <exception cref="FaultMissedException">The fault cannot be applied to a stream with this number of events.</exception>
    public static void RequireStream(Fault? fault, int events)
    {
        Require(fault, fault?.Kind switch
        {
            FaultKind.ChangeStatus => "the answer is a stream",
            FaultKind.RemoveFinishEvent when events < 2 => $"the stream has {events} events",
            FaultKind.ReflectRequest when events == 0 => "the stream has no events",
            FaultKind.SwapEvents when fault.Index + 1 >= events => $"the stream has {events} events, counted from 0, and a swap takes two",
            FaultKind.TamperEvent or FaultKind.DropEvent or FaultKind.DuplicateEvent or FaultKind.TruncateEvent or FaultKind.UnencryptedEvent
                or FaultKind.ReplaceEventWithError or FaultKind.StallBeforeEvent when fault.Index >= events =>
                $"the stream has {events} events, counted from 0",
            _ => null,
        });
    }

    /// <exception cref="FaultMissedException">The fault cannot be applied to an answer that is not streamed.</exception>
    public static void RequireWhole(Fault? fault) => Require(fault, fault?.Kind switch
    {
        FaultKind.DropEvent or FaultKind.DuplicateEvent or FaultKind.SwapEvents or FaultKind.TruncateEvent or FaultKind.ReplaceEventWithError
            or FaultKind.RemoveFinishEvent or FaultKind.RemoveEndMarker => NotAStream,
        FaultKind.TamperEvent or FaultKind.UnencryptedEvent or FaultKind.StallBeforeEvent when fault.Index > 0 => $"{NotAStream}, and counts as event 0",
        _ => null,
    });

    /// <exception cref="FaultMissedException">The fault cannot be applied to a scripted error.</exception>
    public static void RequireError(Fault? fault)
    {
        Require(fault, fault?.Kind is FaultKind.ReflectRequest or FaultKind.UnencryptedEvent or FaultKind.ChangeStatus
            ? "the scripted answer is an error of the model server"
            : null);
        RequireWhole(fault);
    }

    /// <exception cref="FaultMissedException">The fault concerns GPUs, and the endpoint uses none.</exception>
    public static void RequireGpus(Fault? fault, EnclaveEndpoint endpoint) =>
        Require(fault, fault is { Kind: FaultKind.GpuRevocation } && !endpoint.UsesGpus ? "document extraction uses no GPU" : null);

    /// <exception cref="FaultMissedException">The fault would end the connection after the end of the body.</exception>
    public static void RequireBytes(Fault? fault, int bytes) =>
        Require(fault, fault is { Kind: FaultKind.CutConnection or FaultKind.ResetConnection } && fault.Index > 0 && fault.Index >= bytes
            ? $"the body has {bytes} bytes"
            : null);

    /// <summary>Refuses a scripted call of a tool that the request does not offer, which is usually a spelling mistake: the application would tell the model
    /// that there is no such tool, and the test would pass without running the tool.</summary>
    /// <exception cref="FaultMissedException">The request offers tools, but not this one.</exception>
    public static void RequireTools(IReadOnlyList<string> called, ModelRequest request)
    {
        string[] offered = [.. request.ToolNames];
        if (offered.Length == 0 || called.FirstOrDefault(name => !offered.Contains(name, StringComparer.Ordinal)) is not { } wrong)
        {
            return;
        }

        string meant = Array.Find(offered, name => IsSimilar(name, wrong)) is { } similar ? $" Did you mean '{similar}'?" : "";
        throw new FaultMissedException(
            $"The script calls the tool '{wrong}', which the request does not offer.{meant} The request offers: {string.Join(", ", offered)}. To script a " +
            $"call of a tool that does not exist, use {nameof(ScriptedAnswer.WithRawJson)} or {nameof(ScriptedAnswer.WithRawEvents)}.");
    }

    /// <summary>Whether two names differ only in case, separators, or the name of a plugin in front.</summary>
    private static bool IsSimilar(string left, string right)
    {
        (string one, string other) = (Letters(left), Letters(right));
        return one.EndsWith(other, StringComparison.Ordinal) || other.EndsWith(one, StringComparison.Ordinal);
    }

    private static string Letters(string name) => string.Concat(name.Where(char.IsLetterOrDigit).Select(char.ToLowerInvariant));

    private static void Require(Fault? fault, string? why)
    {
        if (why is not null)
        {
            throw new FaultMissedException(fault!, why);
        }
    }
}
