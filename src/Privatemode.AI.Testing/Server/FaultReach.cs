using Privatemode.AI.Testing.Enclave;

namespace Privatemode.AI.Testing.Server;

/// <summary>Decides whether a fault can be applied to an answer. If it cannot, the test must fail, because it would otherwise pass without its fault.</summary>
internal static class FaultReach
{
    private const string NotAStream = "the answer is not a stream";

    /// <exception cref="TestMistakeException">The fault cannot be applied to a stream with this number of events.</exception>
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

    /// <exception cref="TestMistakeException">The fault cannot be applied to an answer that is not streamed.</exception>
    public static void RequireWhole(Fault? fault) => Require(fault, fault?.Kind switch
    {
        FaultKind.DropEvent or FaultKind.DuplicateEvent or FaultKind.SwapEvents or FaultKind.TruncateEvent or FaultKind.ReplaceEventWithError
            or FaultKind.RemoveFinishEvent or FaultKind.RemoveEndMarker => NotAStream,
        FaultKind.TamperEvent or FaultKind.UnencryptedEvent or FaultKind.StallBeforeEvent when fault.Index > 0 => $"{NotAStream}, and counts as event 0",
        _ => null,
    });

    /// <exception cref="TestMistakeException">The fault cannot be applied to a scripted error.</exception>
    public static void RequireError(Fault? fault)
    {
        Require(fault, fault?.Kind is FaultKind.ReflectRequest or FaultKind.UnencryptedEvent or FaultKind.ChangeStatus
            ? "the scripted answer is an error of the model server"
            : null);
        RequireWhole(fault);
    }

    /// <exception cref="TestMistakeException">The fault concerns GPUs, and the endpoint uses none.</exception>
    public static void RequireGpus(Fault? fault, EnclaveEndpoint endpoint) =>
        Require(fault, fault is { Kind: FaultKind.GpuRevocation } && !endpoint.UsesGpus ? "document extraction uses no GPU" : null);

    /// <exception cref="TestMistakeException">The fault would end the connection after the end of the body.</exception>
    public static void RequireBytes(Fault? fault, int bytes) =>
        Require(fault, fault is { Kind: FaultKind.CutConnection or FaultKind.ResetConnection } && fault.Index > 0 && fault.Index >= bytes
            ? $"the body has {bytes} bytes"
            : null);

    private static void Require(Fault? fault, string? why)
    {
        if (why is not null)
        {
            throw new TestMistakeException(fault!, why);
        }
    }
}
