namespace Privatemode.AI.Testing;

/// <summary>Something that goes wrong with one request, to see what an application makes of it.</summary>
/// <remarks>
/// Events are counted from 0, the end mark not included; an answer that is not streamed counts as event 0. A fault that cannot happen, such as
/// one to an event the answer does not have, or one to a stream when the answer is none, is not left out silently: the deployment answers with
/// a plain error of status 500 that says what could not be applied, and why.
/// </remarks>
public sealed class Fault
{
    private Fault(FaultKind kind) => Kind = kind;

    /// <summary>The deployment has forgotten the secret the request is sealed with.</summary>
    public static Fault UnknownSecret { get; } = new(FaultKind.UnknownSecret);

    /// <summary>A value of the request comes back as part of the answer.</summary>
    public static Fault ReflectRequest { get; } = new(FaultKind.Reflect);

    /// <summary>A stream ends with its end mark, but its finish was removed.</summary>
    public static Fault RemoveFinish { get; } = new(FaultKind.RemoveFinish);

    /// <summary>A stream ends without its end mark.</summary>
    public static Fault RemoveEndMark { get; } = new(FaultKind.RemoveEndMark);

    /// <summary>The answer comes in the format of services newer than the client.</summary>
    public static Fault NewerFormat { get; } = new(FaultKind.NewerFormat);

    /// <summary>The CDN still has the manifest before the present one. For <see cref="EvidenceSource.Manifest"/>.</summary>
    public static Fault OutdatedManifest { get; } = new(FaultKind.Outdated);

    internal FaultKind Kind { get; }

    internal int Index { get; private init; }

    internal int StatusCode { get; private init; }

    internal string Message { get; private init; } = "";

    internal TimeSpan? RetryAfter { get; private init; }

    internal bool IsMarked { get; private init; }

    internal TimeSpan Duration { get; private init; }

    internal Uri? Target { get; private init; }

    internal GpuComponent Component { get; private init; }

    internal DateTimeOffset? RevokedAt { get; private init; }

    /// <summary>An error in the clear, as gateway and proxies write them.</summary>
    /// <param name="status">400 to 599.</param>
    /// <param name="message">Text of the error; null for a usual one.</param>
    /// <param name="retryAfter">Value of <c>Retry-After</c>; null for none.</param>
    /// <returns>The fault.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The status is not one of an error.</exception>
    public static Fault PlainError(int status, string? message = null, TimeSpan? retryAfter = null) =>
        new(FaultKind.PlainError) { StatusCode = ErrorStatus(status), Message = message ?? $"error {status}", RetryAfter = retryAfter };

    /// <summary>An error of the model server, sealed.</summary>
    /// <param name="status">400 to 599.</param>
    /// <param name="message">Text of the error.</param>
    /// <returns>The fault.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The status is not one of an error.</exception>
    public static Fault SealedError(int status, string message) =>
        new(FaultKind.SealedError) { StatusCode = ErrorStatus(status), Message = message ?? throw new ArgumentNullException(nameof(message)) };

    /// <summary>A success in the clear: an attack.</summary>
    /// <param name="marked">Whether the answer says of itself that it is not sealed.</param>
    /// <returns>The fault.</returns>
    public static Fault UnsealedSuccess(bool marked = false) => new(FaultKind.UnsealedSuccess) { IsMarked = marked };

    /// <summary>A whole answer, sealed as it should be, under another status.</summary>
    /// <param name="status">201 to 599, but none of an answer without a body (204, 205, 304).</param>
    /// <returns>The fault.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The status is none of these.</exception>
    public static Fault Relabel(int status) => status is >= 201 and <= 599 and not (204 or 205 or 304)
        ? new(FaultKind.Relabel) { StatusCode = status }
        : throw new ArgumentOutOfRangeException(nameof(status), status, "No whole answer comes under this status, or it is the usual one.");

    /// <summary>One member of the answer travels in the clear.</summary>
    /// <param name="index">Number of the event.</param>
    /// <returns>The fault.</returns>
    public static Fault UnsealedMember(int index) => new(FaultKind.UnsealedMember) { Index = AtLeast(0, index) };

    /// <summary>One bit of an event, or of a value of a whole answer, is changed.</summary>
    /// <param name="index">Number of the event.</param>
    /// <returns>The fault.</returns>
    public static Fault TamperEvent(int index) => new(FaultKind.Tamper) { Index = AtLeast(0, index) };

    /// <summary>An event is missing.</summary>
    /// <param name="index">Number of the event.</param>
    /// <returns>The fault.</returns>
    public static Fault DropEvent(int index) => new(FaultKind.Drop) { Index = AtLeast(0, index) };

    /// <summary>An event comes twice.</summary>
    /// <param name="index">Number of the event.</param>
    /// <returns>The fault.</returns>
    public static Fault DuplicateEvent(int index) => new(FaultKind.Duplicate) { Index = AtLeast(0, index) };

    /// <summary>An event and the one after it change places.</summary>
    /// <param name="index">Number of the first of the two.</param>
    /// <returns>The fault.</returns>
    public static Fault SwapEvents(int index) => new(FaultKind.Swap) { Index = AtLeast(0, index) };

    /// <summary>The stream ends in the middle of an event.</summary>
    /// <param name="index">Number of the event.</param>
    /// <returns>The fault.</returns>
    public static Fault TruncateEvent(int index) => new(FaultKind.Truncate) { Index = AtLeast(0, index) };

    /// <summary>The stream goes on with a sealed error of the model server instead of an event.</summary>
    /// <param name="index">Number of the event.</param>
    /// <param name="message">Text of the error.</param>
    /// <returns>The fault.</returns>
    public static Fault ErrorEvent(int index, string message) =>
        new(FaultKind.ErrorEvent) { Index = AtLeast(0, index), Message = message ?? throw new ArgumentNullException(nameof(message)) };

    /// <summary>The connection is cut after so many bytes of the answer's body; 0 cuts it before the answer begins.</summary>
    /// <param name="bytes">From 0; fewer than the body has.</param>
    /// <returns>The fault.</returns>
    public static Fault CutConnection(int bytes) => new(FaultKind.Cut) { Index = AtLeast(0, bytes) };

    /// <summary>The answer stops, without ending, before an event; one that is not streamed stops in the middle.</summary>
    /// <param name="index">Number of the event; -1 to stop before the answer begins, 0 for an answer that is not streamed.</param>
    /// <returns>The fault.</returns>
    public static Fault Stall(int index) => new(FaultKind.Stall) { Index = AtLeast(-1, index) };

    /// <summary>The answer comes late, by the deployment's clock. For sources of evidence.</summary>
    /// <param name="time">How late; above zero, at most 24 hours.</param>
    /// <returns>The fault.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The time is not above zero, or longer.</exception>
    public static Fault Delay(TimeSpan time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(time, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(time, TimeSpan.FromHours(24));
        return new(FaultKind.Delay) { Duration = time };
    }

    /// <summary>The answer is a redirect. For sources of evidence.</summary>
    /// <param name="target">Where to.</param>
    /// <returns>The fault.</returns>
    public static Fault Redirect(Uri target) => new(FaultKind.Redirect) { Target = target ?? throw new ArgumentNullException(nameof(target)) };

    /// <summary>The answer goes on with zero bytes until it is this long, and does not say its length. For sources of evidence.</summary>
    /// <param name="bytes">Length in bytes; from 1, more than the answer has.</param>
    /// <returns>The fault.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The length is less than 1.</exception>
    public static Fault Oversize(int bytes) => new(FaultKind.Oversize) { Index = AtLeast(1, bytes) };

    /// <summary>NVIDIA's OCSP service reports the status <c>unknown</c> for a certificate of the machine that answers the request.</summary>
    /// <remarks>The request is answered if its <see cref="VerificationOptions.GpuRevocation"/> accepts this status; otherwise it fails with the service's
    /// error of status 500. The fault does not apply to document extraction, which uses no GPU.</remarks>
    /// <param name="component">The component that the certificate belongs to.</param>
    /// <returns>The fault.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="component"/> is not a defined value.</exception>
    public static Fault GpuUnknown(GpuComponent component = GpuComponent.Gpu) =>
        new(FaultKind.GpuStatus) { Component = Known(component) };

    /// <summary>NVIDIA's OCSP service reports the status <c>revoked</c> for a certificate of the machine that answers the request.</summary>
    /// <remarks>The request is answered if its <see cref="VerificationOptions.GpuRevocation"/> accepts this status; otherwise it fails with the service's
    /// error of status 500. The fault does not apply to document extraction, which uses no GPU.</remarks>
    /// <param name="revokedAt">The time of the revocation; the service compares whole seconds.</param>
    /// <param name="component">The component that the certificate belongs to.</param>
    /// <returns>The fault.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="component"/> is not a defined value.</exception>
    public static Fault GpuRevoked(DateTimeOffset revokedAt, GpuComponent component = GpuComponent.Gpu) =>
        new(FaultKind.GpuStatus) { Component = Known(component), RevokedAt = revokedAt };

    /// <summary>The status of a scripted error.</summary>
    internal static int ErrorStatus(int status)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(status, 400);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(status, 599);
        return status;
    }

    private static GpuComponent Known(GpuComponent component) =>
        Enum.IsDefined(component) ? component : throw new ArgumentOutOfRangeException(nameof(component), component, "There is no such component.");

    private static int AtLeast(int least, int index)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(index, least);
        return index;
    }
}
