namespace Privatemode.AI.Testing;

/// <summary>Represents a failure or an attack that a test deployment applies to one request.</summary>
/// <remarks>
/// <para>Pass a fault to <see cref="FaultInjector.Inject"/> or to one of the other methods of <see cref="FaultInjector"/>.</para>
/// <para>The first event of a streamed answer has the index 0; the marker that ends the stream is not an event. An answer that is not streamed counts as event
/// 0.</para>
/// <para>If a fault cannot be applied to the answer, for example because the answer is not streamed or has fewer events, the deployment answers with an
/// unencrypted error of status 500 that says which fault could not be applied, and why. Faults of evidence sources are not checked in this way.</para>
/// </remarks>
public sealed class Fault
{
    private Fault(FaultKind kind) => Kind = kind;

    /// <summary>Gets a fault that makes the deployment lose all secrets, including the one with which the request is encrypted.</summary>
    /// <value>The request fails with status 500 and the text <c>no secret for ID</c>, as after a restart of the secret service. The client exchanges a new key
    /// and repeats the request.</value>
    public static Fault UnknownSecret { get; } = new(FaultKind.UnknownSecret);

    /// <summary>Gets a fault that sends an encrypted value of the request back as part of the answer. A client must treat the answer as an attack.</summary>
    public static Fault ReflectRequest { get; } = new(FaultKind.ReflectRequest);

    /// <summary>Gets a fault that removes the last two events of a stream, which contain the finish reason and the usage.</summary>
    /// <value>The stream still ends with its end marker. The fault applies to streamed answers of at least two events.</value>
    public static Fault RemoveFinishEvent { get; } = new(FaultKind.RemoveFinishEvent);

    /// <summary>Gets a fault that ends a stream without its end marker, for example without <c>[DONE]</c>.</summary>
    public static Fault RemoveEndMarker { get; } = new(FaultKind.RemoveEndMarker);

    /// <summary>Gets a fault that sends the answer in a newer encryption format than the client supports.</summary>
    public static Fault NewerResponseFormat { get; } = new(FaultKind.NewerResponseFormat);

    /// <summary>Gets a fault that makes the publisher serve the manifest that preceded the current one.</summary>
    /// <value>The fault applies to <see cref="EvidenceSource.Manifest"/> only.</value>
    public static Fault OutdatedManifest { get; } = new(FaultKind.OutdatedManifest);

    /// <summary>Gets a fault that accepts the request and never answers it; not even the headers are sent.</summary>
    /// <value>The request ends when the client cancels it or when the client's timeout expires. Use <see cref="Delay"/> for an answer that is only
    /// late.</value>
    public static Fault NoResponse { get; } = new(FaultKind.StallBeforeEvent) { Index = -1 };

    internal FaultKind Kind { get; }

    internal int Index { get; private init; }

    internal int StatusCode { get; private init; }

    internal string Message { get; private init; } = "";

    internal TimeSpan? RetryAfter { get; private init; }

    internal bool HasHeader { get; private init; }

    internal TimeSpan Duration { get; private init; }

    internal Uri? Target { get; private init; }

    internal GpuComponent Component { get; private init; }

    internal DateTimeOffset? RevokedAt { get; private init; }

    /// <summary>Creates a fault that answers with an unencrypted error, as the gateway or a proxy writes it.</summary>
    /// <remarks>The client retries some of these errors, for example 429 and 503; each attempt uses up one fault.</remarks>
    /// <param name="statusCode">The HTTP status, from 400 to 599.</param>
    /// <param name="message">The error message, or <see langword="null"/> for <c>error</c> followed by the status.</param>
    /// <param name="retryAfter">The value of the header <c>Retry-After</c>, rounded down to whole seconds, or <see langword="null"/> to omit the
    /// header.</param>
    /// <returns>The fault.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="statusCode"/> is not between 400 and 599.</exception>
    public static Fault UnencryptedError(int statusCode, string? message = null, TimeSpan? retryAfter = null) =>
        new(FaultKind.UnencryptedError) { StatusCode = ErrorStatus(statusCode), Message = message ?? $"error {statusCode}", RetryAfter = retryAfter };

    /// <summary>Creates a fault that answers with an encrypted error of the model server.</summary>
    /// <remarks>The request uses up a scripted answer. With <see cref="ScriptedModel.ReplyWithError"/>, the error is part of the script instead. Errors of
    /// the gateway, such as those of a rate limit, are not encrypted; use <see cref="UnencryptedError"/> for them.</remarks>
    /// <param name="statusCode">The HTTP status, from 400 to 599.</param>
    /// <param name="message">The error message.</param>
    /// <returns>The fault.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="message"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="statusCode"/> is not between 400 and 599.</exception>
    public static Fault EncryptedError(int statusCode, string message) =>
        new(FaultKind.EncryptedError) { StatusCode = ErrorStatus(statusCode), Message = message ?? throw new ArgumentNullException(nameof(message)) };

    /// <summary>Creates a fault that sends a successful answer unencrypted. A client must treat the answer as an attack.</summary>
    /// <remarks>The answer to a streamed request is not streamed either.</remarks>
    /// <param name="withHeader"><see langword="true"/> to send the header <c>Privatemode-Encrypted: false</c> with the answer; otherwise,
    /// <see langword="false"/>.</param>
    /// <returns>The fault.</returns>
    public static Fault UnencryptedSuccess(bool withHeader = false) => new(FaultKind.UnencryptedSuccess) { HasHeader = withHeader };

    /// <summary>Creates a fault that sends the encrypted answer with another HTTP status. The fault applies to answers that are not streamed.</summary>
    /// <param name="statusCode">The HTTP status, from 201 to 599, except those of answers without a body (204, 205 and 304).</param>
    /// <returns>The fault.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="statusCode"/> is not between 201 and 599, or is 204, 205 or 304.</exception>
    public static Fault ChangeStatus(int statusCode) => statusCode is >= 201 and <= 599 and not (204 or 205 or 304)
        ? new(FaultKind.ChangeStatus) { StatusCode = statusCode }
        : throw new ArgumentOutOfRangeException(
            nameof(statusCode), statusCode, "The status must be between 201 and 599, and an answer with this status must have a body.");

    /// <summary>Creates a fault that sends one event unencrypted, or adds an unencrypted member to an answer that is not streamed.</summary>
    /// <remarks>A client must treat the answer as an attack.</remarks>
    /// <param name="eventIndex">The zero-based index of the event; 0 for an answer that is not streamed.</param>
    /// <returns>The fault.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="eventIndex"/> is negative.</exception>
    public static Fault UnencryptedEvent(int eventIndex) => new(FaultKind.UnencryptedEvent) { Index = AtLeast(0, eventIndex) };

    /// <summary>Creates a fault that changes one hexadecimal digit of an encrypted value in an event, or in an answer that is not streamed.</summary>
    /// <param name="eventIndex">The zero-based index of the event; 0 for an answer that is not streamed.</param>
    /// <returns>The fault.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="eventIndex"/> is negative.</exception>
    public static Fault TamperEvent(int eventIndex) => new(FaultKind.TamperEvent) { Index = AtLeast(0, eventIndex) };

    /// <summary>Creates a fault that leaves out one event of a stream.</summary>
    /// <param name="eventIndex">The zero-based index of the event.</param>
    /// <returns>The fault.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="eventIndex"/> is negative.</exception>
    public static Fault DropEvent(int eventIndex) => new(FaultKind.DropEvent) { Index = AtLeast(0, eventIndex) };

    /// <summary>Creates a fault that sends one event of a stream twice.</summary>
    /// <param name="eventIndex">The zero-based index of the event.</param>
    /// <returns>The fault.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="eventIndex"/> is negative.</exception>
    public static Fault DuplicateEvent(int eventIndex) => new(FaultKind.DuplicateEvent) { Index = AtLeast(0, eventIndex) };

    /// <summary>Creates a fault that exchanges one event of a stream with the event after it.</summary>
    /// <param name="eventIndex">The zero-based index of the first of the two events.</param>
    /// <returns>The fault.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="eventIndex"/> is negative.</exception>
    public static Fault SwapEvents(int eventIndex) => new(FaultKind.SwapEvents) { Index = AtLeast(0, eventIndex) };

    /// <summary>Creates a fault that ends a stream in the middle of one event.</summary>
    /// <param name="eventIndex">The zero-based index of the event.</param>
    /// <returns>The fault.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="eventIndex"/> is negative.</exception>
    public static Fault TruncateEvent(int eventIndex) => new(FaultKind.TruncateEvent) { Index = AtLeast(0, eventIndex) };

    /// <summary>Creates a fault that sends an encrypted error of the model server in place of one event and then ends the stream.</summary>
    /// <param name="eventIndex">The zero-based index of the event.</param>
    /// <param name="message">The error message.</param>
    /// <returns>The fault.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="message"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="eventIndex"/> is negative.</exception>
    public static Fault ReplaceEventWithError(int eventIndex, string message) => new(FaultKind.ReplaceEventWithError)
    {
        Index = AtLeast(0, eventIndex),
        Message = message ?? throw new ArgumentNullException(nameof(message)),
    };

    /// <summary>Creates a fault that closes the connection in the middle of the answer, or of one of its events.</summary>
    /// <param name="afterBytes">The number of bytes of the body that are sent before the connection is closed, which must be less than the length of the body.
    /// With 0, not even the headers are sent, except by an evidence source.</param>
    /// <returns>The fault.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="afterBytes"/> is negative.</exception>
    public static Fault CutConnection(int afterBytes) => new(FaultKind.CutConnection) { Index = AtLeast(0, afterBytes) };

    /// <summary>Creates a fault that resets the connection in the middle of the answer: a TCP reset in place of an orderly close.</summary>
    /// <remarks>On Linux, the client reads the bytes that were sent before the reset. Other systems may discard them.</remarks>
    /// <param name="afterBytes">The number of bytes of the body that are sent before the connection is reset, which must be less than the length of the body.
    /// With 0, not even the headers are sent.</param>
    /// <returns>The fault.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="afterBytes"/> is negative.</exception>
    public static Fault ResetConnection(int afterBytes) => new(FaultKind.ResetConnection) { Index = AtLeast(0, afterBytes) };

    /// <summary>Creates a fault that stops the answer before one event and leaves the connection open.</summary>
    /// <param name="eventIndex">The zero-based index of the event. An answer that is not streamed counts as one event: with 0, it stops in the middle of its
    /// body.</param>
    /// <returns>The fault.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="eventIndex"/> is negative.</exception>
    public static Fault StallBeforeEvent(int eventIndex) => new(FaultKind.StallBeforeEvent) { Index = AtLeast(0, eventIndex) };

    /// <summary>Creates a fault that delays the answer, for example to simulate a slow model or to test the client's timeouts.</summary>
    /// <remarks>The delay is measured by <see cref="PrivatemodeTestDeploymentOptions.TimeProvider"/>. Nothing is sent before it has elapsed.</remarks>
    /// <param name="duration">The duration, greater than zero and at most 24 hours.</param>
    /// <returns>The fault.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="duration"/> is not greater than zero, or is greater than 24 hours.</exception>
    public static Fault Delay(TimeSpan duration)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(duration, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(duration, TimeSpan.FromHours(24));
        return new(FaultKind.Delay) { Duration = duration };
    }

    /// <summary>Creates a fault that makes an evidence source answer with a redirect (status 307). The fault applies to evidence sources only.</summary>
    /// <param name="target">The value of the header <c>Location</c>.</param>
    /// <returns>The fault.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="target"/> is <see langword="null"/>.</exception>
    public static Fault Redirect(Uri target) => new(FaultKind.Redirect) { Target = target ?? throw new ArgumentNullException(nameof(target)) };

    /// <summary>Creates a fault that appends zero bytes to the answer of an evidence source, sent without <c>Content-Length</c>.</summary>
    /// <remarks>The fault applies to evidence sources only.</remarks>
    /// <param name="totalBytes">The length of the whole body in bytes. If it is not greater than the length of the answer, no bytes are appended.</param>
    /// <returns>The fault.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="totalBytes"/> is less than 1.</exception>
    public static Fault OversizedResponse(int totalBytes) => new(FaultKind.OversizedResponse) { Index = AtLeast(1, totalBytes) };

    /// <summary>Creates a fault that makes NVIDIA's OCSP service report the status <c>unknown</c> for a certificate.</summary>
    /// <remarks>The request is answered if <see cref="VerificationOptions.GpuRevocation"/> of the client accepts this status; otherwise, it fails with status
    /// 500, as on the service. The fault does not apply to document extraction, which uses no GPU.</remarks>
    /// <param name="component">The component to which the certificate belongs.</param>
    /// <returns>The fault.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="component"/> is not a defined value.</exception>
    public static Fault GpuRevocationUnknown(GpuComponent component = GpuComponent.Gpu) =>
        new(FaultKind.GpuRevocation) { Component = Defined(component) };

    /// <summary>Creates a fault that makes NVIDIA's OCSP service report the status <c>revoked</c> for a certificate.</summary>
    /// <remarks>The request is answered if <see cref="VerificationOptions.GpuRevocation"/> of the client accepts this status; otherwise, it fails with status
    /// 500, as on the service. The fault does not apply to document extraction, which uses no GPU.</remarks>
    /// <param name="revokedAt">The time of the revocation. The service compares it in whole seconds.</param>
    /// <param name="component">The component to which the certificate belongs.</param>
    /// <returns>The fault.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="component"/> is not a defined value.</exception>
    public static Fault GpuRevoked(DateTimeOffset revokedAt, GpuComponent component = GpuComponent.Gpu) =>
        new(FaultKind.GpuRevocation) { Component = Defined(component), RevokedAt = revokedAt };

    /// <summary>Returns the name of the fault and, if it has one, its main value, for example <c>TamperEvent(0)</c>.</summary>
    /// <returns>The text, for the names of test cases and for messages.</returns>
    public override string ToString() => Kind switch
    {
        FaultKind.StallBeforeEvent when Index < 0 => nameof(NoResponse),
        FaultKind.GpuRevocation => $"{(RevokedAt is null ? nameof(GpuRevocationUnknown) : nameof(GpuRevoked))}({Component})",
        FaultKind.UnencryptedError or FaultKind.EncryptedError or FaultKind.ChangeStatus => $"{Kind}({StatusCode})",
        FaultKind.Delay => $"{Kind}({Duration})",
        FaultKind.Redirect => $"{Kind}({Target})",
        FaultKind.UnknownSecret or FaultKind.ReflectRequest or FaultKind.RemoveFinishEvent or FaultKind.RemoveEndMarker or FaultKind.NewerResponseFormat
            or FaultKind.OutdatedManifest or FaultKind.UnencryptedSuccess => $"{Kind}",
        _ => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Kind}({Index})"),
    };

    /// <summary>Validates the status of a scripted error.</summary>
    internal static int ErrorStatus(int statusCode)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(statusCode, 400);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(statusCode, 599);
        return statusCode;
    }

    private static GpuComponent Defined(GpuComponent component) =>
        Enum.IsDefined(component) ? component : throw new ArgumentOutOfRangeException(nameof(component), component, "The value is not defined.");

    private static int AtLeast(int least, int value, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(value))] string name = "")
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, least, name);
        return value;
    }
}
