using System.Buffers;

namespace Privatemode.AI.Testing;

/// <summary>Provides options for a <see cref="PrivatemodeTestDeployment"/>.</summary>
/// <remarks>The options are copied when the deployment starts; later changes have no effect.</remarks>
public sealed class PrivatemodeTestDeploymentOptions
{
    /// <summary>Gets or sets the API key that the deployment accepts. The default is <c>test-api-key</c>.</summary>
    public string ApiKey { get; set; } = "test-api-key";

    /// <summary>Gets the API keys that the deployment accepts in addition to <see cref="ApiKey"/>.</summary>
    /// <value>Add the keys of an application that uses several accounts. The default is an empty collection.</value>
    public ICollection<string> AdditionalApiKeys { get; } = new HashSet<string>(StringComparer.Ordinal);

    /// <summary>Gets the models of the deployment, as a dictionary of model IDs and the tasks of each model.</summary>
    /// <value>The default is a selection of the service's models, for chats, chats with images, OCR, embeddings and transcriptions. The tasks have the names
    /// that the service uses; see <see cref="PrivatemodeTestDeployment.AddModel"/>.</value>
    public IDictionary<string, IReadOnlyList<string>> Models { get; } = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal)
    {
        ["gpt-oss-120b"] = ["generate", "tool_calling"],
        ["gemma-3-27b"] = ["generate", "tool_calling", "vision"],
        ["qwen3-embedding-4b"] = ["embed"],
        ["whisper-large-v3"] = ["transcribe"],
        ["glm-5.3"] = ["generate", "tool_calling"],
        ["glm-5.3-flash"] = ["generate", "tool_calling", "vision"],
        ["deepseek-ocr-2"] = ["generate", "vision"],
        ["voxtral-mini-3b"] = ["transcribe"],
    };

    /// <summary>Gets or sets the clock of the deployment. The default is <see cref="TimeProvider.System"/>.</summary>
    /// <value>Secrets expire one hour after the key exchange by this clock, and evidence is issued for its current day. Clients that the deployment configures
    /// use the same clock: with a fake clock, they wait before a retry until the test advances it.</value>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>Gets or sets a value that indicates whether the deployment records requests and received bytes. The default is
    /// <see langword="true"/>.</summary>
    /// <value>Set it to <see langword="false"/> for load tests: everything that is recorded stays in memory until the deployment is disposed.</value>
    public bool RecordRequests { get; set; } = true;

    /// <summary>Gets or sets a function that is called before each event of a streamed answer, with the index of the event.</summary>
    /// <value>The answer continues when the returned task completes, so that a test can check that events arrive one by one, or cancel the request between two
    /// events. The index is zero-based. The token is canceled when the client disconnects. The default is <see langword="null"/>: the events are sent without a
    /// pause.</value>
    public Func<int, CancellationToken, ValueTask>? BeforeStreamEvent { get; set; }

    /// <summary>For tests: called with the path of a request and 0 when the request was read, and with 1 in the middle of an answer that is not streamed. The
    /// deployment continues when the returned task completes. The token is canceled when the client disconnects.</summary>
    internal Func<string, int, CancellationToken, ValueTask>? BeforePart { get; set; }

    /// <summary>Whether <c>/v1/messages</c> refuses messages with the role <c>system</c> and empty lists of tools, as newer model servers do. Version 1.40 is
    /// not known to. For tests of clients that must not send them.</summary>
    internal bool RefusesSystemMessages { get; set; }

    /// <summary>For tests that advance a clock: called when an answer has stalled and waits for its client to disconnect.</summary>
    internal Action? Stalled { get; set; }

    /// <summary>Called with the bytes that the deployment sends, on any connection.</summary>
    internal Action<ReadOnlySpan<byte>>? SentTap { get; set; }

    /// <summary>Called for each connection: returns a function that receives the bytes as they arrive, regardless of <see cref="RecordRequests"/>. For load
    /// tests, which cannot keep all bytes.</summary>
    internal Func<Action<ReadOnlySequence<byte>>>? OpenWireTap { get; set; }

    /// <summary>For tests of how long clients use a secret: called with the age of the secret whenever a request uses it.</summary>
    internal Action<TimeSpan>? SecretUsed { get; set; }

    internal PrivatemodeTestDeploymentOptions Clone()
    {
        PrivatemodeTestDeploymentOptions copy = new()
        {
            ApiKey = ApiKey,
            TimeProvider = TimeProvider,
            RecordRequests = RecordRequests,
            BeforeStreamEvent = BeforeStreamEvent,
            BeforePart = BeforePart,
            RefusesSystemMessages = RefusesSystemMessages,
            OpenWireTap = OpenWireTap,
            Stalled = Stalled,
            SentTap = SentTap,
            SecretUsed = SecretUsed,
        };
        foreach (string key in AdditionalApiKeys)
        {
            copy.AdditionalApiKeys.Add(key);
        }

        copy.Models.Clear();
        foreach ((string id, IReadOnlyList<string> tasks) in Models)
        {
            copy.Models.Add(id, [.. tasks]);
        }

        return copy;
    }
}
