namespace Privatemode.AI.Testing;

/// <summary>Settings of a <see cref="PrivatemodeTestDeployment"/>; copied when it starts, later changes have no effect.</summary>
public sealed class PrivatemodeTestDeploymentOptions
{
    /// <summary>The API key the deployment accepts. Default <c>test-api-key</c>.</summary>
    public string ApiKey { get; set; } = "test-api-key";

    /// <summary>Further API keys it accepts, for hosts that serve several accounts. Default none.</summary>
    public ICollection<string> OtherApiKeys { get; } = new HashSet<string>(StringComparer.Ordinal);

    /// <summary>Ids of the models offered, with their tasks as the service names them: see <see cref="PrivatemodeTestDeployment.OfferModel"/>.</summary>
    public IDictionary<string, IReadOnlyList<string>> Models { get; } = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal)
    {
        ["gpt-oss-120b"] = ["generate", "tool_calling"],
        ["gemma-3-27b"] = ["generate", "tool_calling", "vision"],
        ["qwen3-embedding-4b"] = ["embed"],
        ["whisper-large-v3"] = ["transcribe"],
    };

    /// <summary>The deployment's clock; secrets live for one hour of it. Default <see cref="TimeProvider.System"/>.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>Keep every request and every byte received. Default true; switch off for load tests.</summary>
    public bool Record { get; set; } = true;

    /// <summary>
    /// Called before each event of a streamed answer with its number, from 0. A test waits here to see that events arrive one by
    /// one, or to cancel in between. Default: no pause.
    /// </summary>
    public Func<int, CancellationToken, ValueTask>? BeforeEvent { get; set; }

    internal PrivatemodeTestDeploymentOptions Clone()
    {
        PrivatemodeTestDeploymentOptions copy = new() { ApiKey = ApiKey, TimeProvider = TimeProvider, Record = Record, BeforeEvent = BeforeEvent };
        foreach (string key in OtherApiKeys)
        {
            copy.OtherApiKeys.Add(key);
        }

        copy.Models.Clear();
        foreach ((string id, IReadOnlyList<string> tasks) in Models)
        {
            copy.Models.Add(id, [.. tasks]);
        }

        return copy;
    }
}
