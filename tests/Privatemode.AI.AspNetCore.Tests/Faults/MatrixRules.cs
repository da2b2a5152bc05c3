using Privatemode.AI.Testing;

namespace Privatemode.AI.AspNetCore.Tests.Faults;

/// <summary>What must happen in a cell: the outcome, and the number of requests of the kind that the fault hits.</summary>
internal readonly record struct MatrixExpectation(string Outcome, int Requests);

/// <summary>The outcome of each cell, from rules. Their words are those of docs/errors.md and docs/proxy.md.</summary>
internal static class MatrixRules
{
    private const int MostSends = 4;
    private const int TriesOfSession = 3;

    public static MatrixExpectation Of(MatrixCell cell) => cell.Phase switch
    {
        FaultPhase.Attest => cell.Source switch
        {
            EvidenceSource.Attestation => OfGateway(cell, TriesOfSession),
            EvidenceSource.Manifest => OfManifest(cell),
            _ => OfCollateral(cell),
        },

        // A failed exchange is tried again after another verification, unless the service asks to wait.
        FaultPhase.Exchange => OfGateway(cell, cell.Fault.Outcome is FaultOutcome.Busy { Status: 429 } ? TriesOfSession : 2 * TriesOfSession),
        _ => OfAnswer(cell),
    };

    private static MatrixExpectation Right(int requests = 1) => new(MatrixHost.Right, requests);

    /// <summary>Evidence and keys: up to three tries before the call fails; what does not depend on the time fails at once.</summary>
    private static MatrixExpectation OfGateway(MatrixCell cell, int tries) => cell.Fault.Outcome switch
    {
        FaultOutcome.Right => Right(),
        FaultOutcome.Unverified unverified => Thrown(cell, MatrixFailure.Verification(unverified.ErrorType), cell.Phase == FaultPhase.Attest ? 1 : 2),
        FaultOutcome.Refused { Status: 400 } => Thrown(cell, MatrixFailure.Other),
        FaultOutcome.Refused { Status: 401 } => Thrown(cell, MatrixFailure.Configuration),
        FaultOutcome.Refused { Status: 403 } => Thrown(cell, MatrixFailure.Forbidden),
        FaultOutcome.Refused { Status: 426 } => Thrown(cell, MatrixFailure.TooOld),
        FaultOutcome.Busy { Status: 429 } when cell.Fault.IsLasting => Thrown(cell, MatrixFailure.RateLimited, tries),
        FaultOutcome.Busy when cell.Fault.IsLasting => Thrown(cell, MatrixFailure.Unavailable, tries),
        FaultOutcome.Unreachable => Thrown(cell, MatrixFailure.Unreachable, tries),
        _ => Right(requests: 2),
    };

    /// <summary>A client that has adopted a manifest uses it while the publisher cannot be reached; another one cannot be verified.</summary>
    private static MatrixExpectation OfManifest(MatrixCell cell)
    {
        if (cell.HasNoSession)
        {
            return OfCollateral(cell);
        }

        // The publisher is asked up to three times if its failure may pass.
        bool mayPass = cell.Fault.Outcome is FaultOutcome.Busy or FaultOutcome.Refused { Status: >= 500 } or FaultOutcome.SentAgain
            || cell.Fault.Name == "OutdatedManifest";
        return cell.Fault.IsLasting ? Right(TriesOfSession) : Right(mayPass ? 2 : 1);
    }

    /// <summary>A request to a source that fails is sent again, and a failed verification is repeated.</summary>
    private static MatrixExpectation OfCollateral(MatrixCell cell) => (cell.Fault.Outcome, cell.Source) switch
    {
        (FaultOutcome.Right, _) => Right(cell.UsualRequests),
        (FaultOutcome.Refused { Status: 404 }, EvidenceSource.AmdChipCertificate) => Thrown(cell, MatrixFailure.Verification("snp-chip-unknown")),
        (FaultOutcome.Refused { Status: 404 }, EvidenceSource.IntelTcbInfo) => Thrown(cell, MatrixFailure.Verification("tdx-platform-unknown")),
        (FaultOutcome.Busy, _) when cell.Fault.IsLasting => Thrown(cell, MatrixFailure.Unavailable, TriesOfSession * TriesOfSession),
        (FaultOutcome.Unreachable, _) => Thrown(cell, MatrixFailure.Unreachable, TriesOfSession * TriesOfSession),
        _ => Right(cell.UsualRequests + 1),
    };

    private static MatrixExpectation OfAnswer(MatrixCell cell) => cell.Fault.Outcome switch
    {
        FaultOutcome.Right => Right(),
        FaultOutcome.SentAgain => Right(requests: 2),
        FaultOutcome.NeverKnown => Answered(cell, 500, requests: 3),
        FaultOutcome.Busy busy when !HasRetries(cell) => Answered(cell, busy.Status),
        FaultOutcome.Busy busy when cell.Fault.IsLasting => Answered(cell, busy.Status, MostSends),
        FaultOutcome.Busy => Right(requests: 2),
        FaultOutcome.Refused refused => Answered(cell, refused.Status),
        FaultOutcome.ErrorInStream => Thrown(cell, MatrixFailure.Other),
        FaultOutcome.TooOld => Thrown(cell, MatrixFailure.TooOld),
        FaultOutcome.Altered altered => OfAltered(cell, altered.ErrorType),
        FaultOutcome.Cut => Thrown(cell, MatrixFailure.Integrity(cell.Call.IsStream ? "truncated-stream" : "truncated-answer")),
        FaultOutcome.Unreachable => Unanswered(cell),
        FaultOutcome.TimedOut => Thrown(cell, MatrixFailure.Timeout),
        _ => throw new InvalidOperationException($"There is no rule for {cell}."),
    };

    private static MatrixExpectation OfAltered(MatrixCell cell, string errorType) => (cell.Fault.Name, cell.Phase, cell.Call.Endpoint) switch
    {
        // The last event has the usage, and nothing follows that could show that it is missing; SECURITY.md names this. Elsewhere it is the finish.
        ("DropEvent", FaultPhase.End, "chat" or "completions" or "responses") => Right(),
        ("DropEvent", FaultPhase.End, _) => Thrown(cell, MatrixFailure.Integrity("truncated-stream")),

        // The second event is a ping. It has no content and is not passed on.
        ("SwapEvents", FaultPhase.First, "messages") => Right(),
        ("UnencryptedSuccess", _, _) when cell.Call.IsStream => Thrown(cell, MatrixFailure.Integrity("unexpected-form")),
        _ => Thrown(cell, MatrixFailure.Integrity(errorType)),
    };

    /// <summary>Whether the entry waits and asks again: the handler leaves that to the library above it, and so does the proxy.</summary>
    private static bool HasRetries(MatrixCell cell) => cell.Entry is "adapters" or "policy" || cell is { Entry: "proxy", Call.Endpoint: MatrixCall.Models };

    /// <summary>The service answers with an error status.</summary>
    private static MatrixExpectation Answered(MatrixCell cell, int status, int requests = 1)
    {
        bool isUnencrypted = cell.Fault.Name.StartsWith("Unencrypted", StringComparison.Ordinal) && cell.Call.IsEncrypted;
        MatrixFailure failure = status switch
        {
            // A request of this library is not refused by the gateway, except by one that is newer.
            400 when isUnencrypted => MatrixFailure.TooOld,
            400 => MatrixFailure.Invalid,
            401 => MatrixFailure.Configuration,
            403 => MatrixFailure.Forbidden,

            // It does not say that there is no such model, so the address is wrong.
            404 => MatrixFailure.Other,
            408 => MatrixFailure.Timeout,
            426 => MatrixFailure.TooOld,
            429 => MatrixFailure.RateLimited,
            502 or 503 => MatrixFailure.Unavailable,
            _ => MatrixFailure.Other,
        };
        return cell.Entry switch
        {
            "policy" => new MatrixExpectation($"ClientResultException {status}", requests),
            "handler" => new MatrixExpectation($"status {status}", requests),
            "proxy" => new MatrixExpectation(StatusOf(cell, failure), requests),
            _ => new MatrixExpectation(failure.Exception, requests),
        };
    }

    /// <summary>There is no answer: the exception of the client above, because the library has nothing to add.</summary>
    private static MatrixExpectation Unanswered(MatrixCell cell) => cell.Entry switch
    {
        "policy" => new MatrixExpectation("ClientResultException 0", 2),
        "handler" => new MatrixExpectation($"HttpRequestException {HttpRequestError.Unknown}", 2),
        _ => Thrown(cell, MatrixFailure.Unreachable, 2),
    };

    /// <summary>The library throws.</summary>
    private static MatrixExpectation Thrown(MatrixCell cell, MatrixFailure failure, int requests = 1) => new(
        cell.Entry != "proxy" ? failure.Exception : IsEvent(cell) ? EventOf(cell, failure) : StatusOf(cell, failure),
        requests);

    private static string StatusOf(MatrixCell cell, MatrixFailure failure) => cell.Call.Endpoint == "messages" ? failure.Anthropic : failure.OpenAI;

    private static string EventOf(MatrixCell cell, MatrixFailure failure) => cell.Call.Endpoint switch
    {
        "messages" => $"event {failure.Anthropic[4..]}",
        "responses" => "event server_error",
        _ => $"event {failure.OpenAI[4..]}",
    };

    /// <summary>Whether the proxy has begun the stream, so that its status is sent.</summary>
    private static bool IsEvent(MatrixCell cell)
    {
        // A response begins before its first event is read.
        bool hasBegun = cell.Phase is FaultPhase.Middle or FaultPhase.End || cell.Fault.Name == "DuplicateEvent" || (cell.Call.Endpoint == "responses"
            && cell.Fault.Outcome is FaultOutcome.Altered or FaultOutcome.ErrorInStream or FaultOutcome.Cut
            && cell.Fault.Name is not ("UnencryptedSuccess" or "UnencryptedSuccess(withHeader)"));
        return cell is { IsAnswer: true, Call.IsStream: true } && hasBegun;
    }
}
