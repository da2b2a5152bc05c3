namespace Privatemode.AI.Testing;

/// <summary>What a <see cref="Fault"/> does; a kind has the name of the public member that creates the fault, except GpuRevocation.</summary>
internal enum FaultKind
{
    UnknownSecret,
    UnencryptedError,
    EncryptedError,
    UnencryptedSuccess,
    UnencryptedEvent,
    NewerResponseFormat,
    ChangeStatus,
    TamperEvent,
    DropEvent,
    DuplicateEvent,
    SwapEvents,
    TruncateEvent,
    ReplaceEventWithError,
    ReflectRequest,
    RemoveFinishEvent,
    RemoveEndMarker,
    CutConnection,
    ResetConnection,
    StallBeforeEvent,
    Delay,
    Redirect,
    OversizedResponse,
    OutdatedManifest,
    GpuRevocation,
}
