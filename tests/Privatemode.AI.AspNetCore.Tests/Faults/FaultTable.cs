using Privatemode.AI.Testing;
using Privatemode.AI.Testing.Evidence.Contrast;

namespace Privatemode.AI.AspNetCore.Tests.Faults;

/// <summary>When a fault happens.</summary>
internal enum FaultPhase
{
    /// <summary>Evidence is requested.</summary>
    Attest,

    /// <summary>Keys are exchanged.</summary>
    Exchange,

    /// <summary>The answer has not begun, or its first event arrives.</summary>
    First,

    Middle,

    /// <summary>The last event or the last bytes of the answer.</summary>
    End,
}

/// <summary>What a fault hits.</summary>
[Flags]
internal enum FaultTarget
{
    /// <summary>A whole answer.</summary>
    Whole = 1,

    /// <summary>A streamed answer.</summary>
    Stream = 2,

    /// <summary>The model list.</summary>
    List = 4,

    Attestation = 8,

    /// <summary>The manifest and the collateral.</summary>
    Public = 16,

    Exchange = 32,

    Answers = Whole | Stream,
    Evidence = Attestation | Public,
    Gateway = Answers | List | Attestation | Exchange,
    All = Answers | List | Evidence | Exchange,
}

/// <summary>Where in an answer a fault happens, from the answer to the same call without a fault.</summary>
/// <param name="Event">The index of the event; 0 for a whole answer.</param>
/// <param name="Byte">How many bytes of the body come before; inside an event, except at the first.</param>
internal readonly record struct FaultPlace(int Event, int Byte)
{
    /// <param name="body">The answer on the wire, without a fault.</param>
    public static FaultPlace Of(FaultPhase phase, bool isStream, string body)
    {
        if (!isStream)
        {
            return new FaultPlace(0, phase switch { FaultPhase.First => 0, FaultPhase.Middle => body.Length / 2, _ => body.Length - 1 });
        }

        string[] events = body.Split("\n\n")[..^2]; // without the end mark
        int at = phase switch { FaultPhase.First => 0, FaultPhase.Middle => events.Length / 2, _ => events.Length - 1 };
        return new FaultPlace(at, phase == FaultPhase.First ? 0 : events[..at].Sum(text => text.Length + 2) + (events[at].Length / 2));
    }
}

/// <summary>A fault of the test deployment.</summary>
/// <param name="Name">The name in cells and in the document.</param>
/// <param name="Targets">What it can happen to.</param>
/// <param name="Create">Creates it; null for a change of the deployment itself.</param>
/// <param name="Outcome">What it means to the caller.</param>
internal sealed record FaultRow(string Name, FaultTarget Targets, Func<FaultPlace, Fault>? Create, FaultOutcome Outcome)
{
    private const string Said = "the model is tired";

    /// <summary>The phases of an answer in which it can happen.</summary>
    public FaultPhase[] Phases { get; init; } = [FaultPhase.First];

    /// <summary>Whether it happens to all requests from then on.</summary>
    public bool IsLasting { get; init; }

    /// <summary>Whether nothing more comes until a timeout.</summary>
    public bool Stalls { get; init; }

    /// <summary>Whether it sends the answer, or a part of it, unencrypted.</summary>
    public bool ShowsAnswer { get; init; }

    /// <summary>Changes the deployment, if <see cref="Create"/> is null.</summary>
    public Action<PrivatemodeTestDeployment>? Change { get; init; }

    /// <summary>Undoes <see cref="Change"/>.</summary>
    public Action<PrivatemodeTestDeployment> Undo { get; init; } = _ => { };

    private static readonly FaultPhase[] Anywhere = [FaultPhase.First, FaultPhase.Middle, FaultPhase.End];
    private static readonly FaultPhase[] Later = [FaultPhase.Middle, FaultPhase.End];
    private static readonly FaultPhase[] Last = [FaultPhase.End];

    public static IReadOnlyList<FaultRow> All { get; } =
    [
        // Errors of the gateway and of the model server.
        Error(400), Error(401), Error(403), Error(404, FaultTarget.All), Error(408), Error(426), Error(429, FaultTarget.All), Error(500, FaultTarget.All),
        Error(502), Error(503, FaultTarget.All),
        Error(408, isLasting: true), Error(429, isLasting: true), Error(503, FaultTarget.All, isLasting: true),
        new("EncryptedError(400)", FaultTarget.Answers, _ => Fault.EncryptedError(400, Said), new FaultOutcome.Refused(400)),
        new("EncryptedError(429)", FaultTarget.Answers, _ => Fault.EncryptedError(429, Said), new FaultOutcome.Busy(429)),
        new("EncryptedError(500)", FaultTarget.Answers, _ => Fault.EncryptedError(500, Said), new FaultOutcome.Refused(500)),
        new("ReplaceEventWithError", FaultTarget.Stream, place => Fault.ReplaceEventWithError(place.Event, Said), new FaultOutcome.ErrorInStream())
        {
            Phases = Anywhere,
        },

        // Secrets and machines.
        new("UnknownSecret", FaultTarget.Answers, _ => Fault.UnknownSecret, new FaultOutcome.SentAgain()),
        new("UnknownSecret, lasting", FaultTarget.Answers, _ => Fault.UnknownSecret, new FaultOutcome.NeverKnown()) { IsLasting = true },
        new("ForgetSecrets", FaultTarget.Answers, null, new FaultOutcome.SentAgain()) { Change = deployment => deployment.ForgetSecrets() },
        new("RotateMeshCa", FaultTarget.Answers, null, new FaultOutcome.SentAgain()) { Change = deployment => deployment.RotateMeshCa() },
        new("SetSecretServiceDnsNames", FaultTarget.Exchange, null, new FaultOutcome.Unverified("mesh-certificate-name"))
        {
            Change = deployment => deployment.SetSecretServiceDnsNames("other.example"),
            Undo = deployment => deployment.SetSecretServiceDnsNames(ManifestTemplate.SecretServiceNames),
        },
        new("Defect(SnpDebug)", FaultTarget.Attestation, null, new FaultOutcome.Unverified("snp-guest-debug"))
        {
            Change = deployment => deployment.Evidence.Defect = EvidenceDefect.SnpDebug,
            Undo = deployment => deployment.Evidence.Defect = EvidenceDefect.None,
        },
        new("GpuRevocationUnknown", FaultTarget.Answers, _ => Fault.GpuRevocationUnknown(), new FaultOutcome.Refused(500)),
        new("GpuRevoked", FaultTarget.Answers, _ => Fault.GpuRevoked(DateTimeOffset.UnixEpoch), new FaultOutcome.Refused(500)),
        new("NewerResponseFormat", FaultTarget.Answers, _ => Fault.NewerResponseFormat, new FaultOutcome.TooOld()),

        // Attacks on answers.
        new("UnencryptedSuccess", FaultTarget.Answers, _ => Fault.UnencryptedSuccess(), new FaultOutcome.Altered("unsealed-member"))
        {
            ShowsAnswer = true,
        },
        new("UnencryptedSuccess(withHeader)", FaultTarget.Answers, _ => Fault.UnencryptedSuccess(withHeader: true), new FaultOutcome.Altered("unsealed-answer"))
        {
            ShowsAnswer = true,
        },
        new("UnencryptedEvent", FaultTarget.Answers, place => Fault.UnencryptedEvent(place.Event), new FaultOutcome.Altered("unsealed-member"))
        {
            Phases = Anywhere,
            ShowsAnswer = true,
        },
        new("ChangeStatus(201)", FaultTarget.Whole, _ => Fault.ChangeStatus(201), new FaultOutcome.Right()),
        new("ChangeStatus(500)", FaultTarget.Whole, _ => Fault.ChangeStatus(500), new FaultOutcome.Altered("relabelled-answer")),
        new("ReflectRequest", FaultTarget.Answers, _ => Fault.ReflectRequest, new FaultOutcome.Altered("reflected")),
        new("TamperEvent", FaultTarget.Answers, place => Fault.TamperEvent(place.Event), new FaultOutcome.Altered("not-authentic")) { Phases = Anywhere },
        new("DropEvent", FaultTarget.Stream, place => Fault.DropEvent(place.Event), new FaultOutcome.Altered("not-authentic")) { Phases = Anywhere },
        new("DuplicateEvent", FaultTarget.Stream, place => Fault.DuplicateEvent(place.Event), new FaultOutcome.Altered("not-authentic"))
        {
            Phases = Anywhere,
        },
        new("SwapEvents", FaultTarget.Stream, place => Fault.SwapEvents(Math.Max(0, place.Event - 1)), new FaultOutcome.Altered("not-authentic"))
        {
            Phases = Anywhere,
        },
        new("TruncateEvent", FaultTarget.Stream, place => Fault.TruncateEvent(place.Event), new FaultOutcome.Cut()) { Phases = Anywhere },
        new("RemoveFinishEvent", FaultTarget.Stream, _ => Fault.RemoveFinishEvent, new FaultOutcome.Cut()) { Phases = Last },
        new("RemoveEndMarker", FaultTarget.Stream, _ => Fault.RemoveEndMarker, new FaultOutcome.Cut()) { Phases = Last },

        // The network.
        new("CutConnection(0)", FaultTarget.All, _ => Fault.CutConnection(0), new FaultOutcome.SentAgain()),
        new("CutConnection(0), lasting", FaultTarget.All, _ => Fault.CutConnection(0), new FaultOutcome.Unreachable()) { IsLasting = true },
        new("CutConnection", FaultTarget.Answers | FaultTarget.List, place => Fault.CutConnection(place.Byte), new FaultOutcome.Cut()) { Phases = Later },
        new("ResetConnection(0)", FaultTarget.All, _ => Fault.ResetConnection(0), new FaultOutcome.SentAgain()),
        new("ResetConnection(0), lasting", FaultTarget.All, _ => Fault.ResetConnection(0), new FaultOutcome.Unreachable()) { IsLasting = true },
        new("ResetConnection", FaultTarget.Answers | FaultTarget.List, place => Fault.ResetConnection(place.Byte), new FaultOutcome.Cut()) { Phases = Later },
        new("NoResponse", FaultTarget.All, _ => Fault.NoResponse, new FaultOutcome.TimedOut()) { Stalls = true },
        new("StallBeforeEvent", FaultTarget.All, place => Fault.StallBeforeEvent(place.Event), new FaultOutcome.TimedOut())
        {
            Phases = Anywhere,
            Stalls = true,
        },
        new("Delay", FaultTarget.All, _ => Fault.Delay(TimeSpan.FromSeconds(5)), new FaultOutcome.Right()),

        // Evidence only.
        new("Redirect", FaultTarget.Evidence, _ => Fault.Redirect(new Uri("http://127.0.0.1:9/elsewhere")), new FaultOutcome.BadSource()),
        new("OversizedResponse", FaultTarget.Evidence, _ => Fault.OversizedResponse(32 * 1024 * 1024), new FaultOutcome.BadSource()),
        new("OutdatedManifest", FaultTarget.Public, _ => Fault.OutdatedManifest, new FaultOutcome.BadSource()),
    ];

    private static FaultRow Error(int status, FaultTarget targets = FaultTarget.Gateway, bool isLasting = false) => new(
        $"UnencryptedError({status}){(isLasting ? ", lasting" : "")}", targets, _ => Fault.UnencryptedError(status), status is 408 or 429 or 503
            ? new FaultOutcome.Busy(status)
            : new FaultOutcome.Refused(status))
    {
        IsLasting = isLasting,
    };
}
