namespace Privatemode.AI.Diagnostics;

/// <summary>Names of tags. Every value is of a small set, or travels in the clear by protocol; none is content or a key.</summary>
internal static class Tags
{
    /// <summary>Path of the endpoint, from the table of endpoints and not from the caller's address.</summary>
    public const string Endpoint = "privatemode.endpoint";

    /// <summary>How a step ended, see <see cref="Step"/>.</summary>
    public const string Outcome = "privatemode.outcome";

    /// <summary>Why, see <see cref="ErrorNames"/>.</summary>
    public const string ErrorType = "error.type";

    /// <summary>Status of an answer of 400 or more.</summary>
    public const string Status = "http.response.status_code";

    /// <summary>The model asked for. On activities only: callers may write anything that looks like an id.</summary>
    public const string Model = "gen_ai.request.model";

    /// <summary>Number of the attempt within its call, from 0.</summary>
    public const string Attempt = "privatemode.attempt";

    /// <summary>Technology of the verified deployment.</summary>
    public const string Tee = "privatemode.tee";

    /// <summary>SHA-256 of its manifest.</summary>
    public const string Manifest = "privatemode.manifest.sha256";

    /// <summary>Why a deployment is verified: <c>call</c>, <c>renewal</c> or <c>request</c>.</summary>
    public const string Trigger = "privatemode.trigger";

    /// <summary>Events in a stream.</summary>
    public const string Events = "privatemode.events";

    /// <summary>What was refused: <c>call</c>, <c>deployment</c> or <c>answer</c>.</summary>
    public const string Refused = "privatemode.refused";

    /// <summary>Why an attempt is repeated at once: <c>unknown-secret</c> or <c>reset</c>.</summary>
    public const string Reason = "privatemode.reason";

    /// <summary>Number of the client within the process, from 1.</summary>
    public const string Client = "privatemode.client";

    /// <summary>Host of the client's endpoint.</summary>
    public const string Server = "server.address";
}
