using Privatemode.AI;
using Privatemode.Tool.CommandLine;

namespace Privatemode.Tool.Services;

/// <summary>Chooses a model from the service's current list.</summary>
internal static class ModelChoice
{
    private const int UsualContext = 131_072;

    /// <summary>Returns the given model, or the best one for a task: the first of those with the largest known context window.</summary>
    /// <param name="client">The client.</param>
    /// <param name="given">The ID or alias that the user gave, or null.</param>
    /// <param name="isSuitable">Returns whether a model supports the task.</param>
    /// <param name="stop">A token that cancels the request.</param>
    /// <exception cref="ToolException">The model is not offered, or no model supports the task.</exception>
    public static async Task<ModelInfo> FindAsync(PrivatemodeClient client, string? given, Func<ModelInfo, bool> isSuitable, CancellationToken stop)
    {
        IReadOnlyList<ModelInfo> models = await client.Models.ListAsync(stop);
        ModelInfo? found = given is null
            ? models.Where(isSuitable).MaxBy(ContextOf)
            : models.FirstOrDefault(model => model.Id == given || model.Aliases.Contains(given));
        string offered = $"Offered: {string.Join(", ", models.Where(isSuitable).Select(model => model.Id))}";
        return found ?? throw ToolException.Setup(given is null ? $"No model can do this. {offered}" : $"Model \"{given}\" is not offered. {offered}");
    }

    /// <summary>Returns the size of a model's context window in tokens, as far as it is known. The service does not return it.</summary>
    public static int ContextOf(ModelInfo model) => model.Id.StartsWith("glm-5.3", StringComparison.Ordinal) ? 1_048_576 : UsualContext;
}
