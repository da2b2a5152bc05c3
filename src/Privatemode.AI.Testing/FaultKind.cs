namespace Privatemode.AI.Testing;

/// <summary>What a <see cref="Fault"/> does.</summary>
internal enum FaultKind
{
    UnknownSecret,
    PlainError,
    SealedError,
    UnsealedSuccess,
    UnsealedMember,
    NewerFormat,
    Relabel,
    Tamper,
    Drop,
    Duplicate,
    Swap,
    Truncate,
    ErrorEvent,
    Reflect,
    RemoveFinish,
    RemoveEndMark,
    Cut,
    Stall,
    Delay,
    Redirect,
    Oversize,
    Outdated,
    GpuStatus,
}
