using Privatemode.AI;

namespace UserPrograms;

/// <summary>Chooses a model by what it supports, and notices when the list changes.</summary>
public static class ModelPicker
{
    public static async Task<string> RunAsync(PrivatemodeClient privatemode, Action whileListening, TextWriter output)
    {
        IReadOnlyList<ModelInfo> models = await privatemode.Models.ListAsync();
        ModelInfo model = models.FirstOrDefault(model => model is { SupportsChat: true, SupportsTools: true })
            ?? throw new InvalidOperationException("No model supports tools.");
        privatemode.Models.Changed += Report;
        whileListening();
        await privatemode.Models.RefreshAsync();
        privatemode.Models.Changed -= Report;
        return (await privatemode.Models.FindAsync(model.Id))!.Id;

        void Report(object? sender, ModelsChangedEventArgs change) =>
            output.WriteLine($"+{string.Join(',', change.Added.Select(added => added.Id))} -{string.Join(',', change.Removed.Select(removed => removed.Id))}");
    }
}
