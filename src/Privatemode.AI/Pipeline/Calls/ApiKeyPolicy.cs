using System.ClientModel.Primitives;

namespace Privatemode.AI.Pipeline.Calls;

/// <summary>Makes a call with this API key, whoever the attempts would be made for: several callers wait for it, or the first has left already.</summary>
internal sealed class ApiKeyPolicy(string apiKey) : PipelinePolicy
{
    public override void Process(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
    {
        Apply(message);
        ProcessNext(message, pipeline, currentIndex);
    }

    public override ValueTask ProcessAsync(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
    {
        Apply(message);
        return ProcessNextAsync(message, pipeline, currentIndex);
    }

    private void Apply(PipelineMessage message) =>
        (CallState.Of(message) ?? throw new InvalidOperationException("The call policy is missing from the pipeline.")).ApiKey = apiKey;
}
