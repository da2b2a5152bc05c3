namespace Privatemode.AI.AspNetCore.Models;

/// <summary>Resolves model names with one list of models.</summary>
internal sealed class ModelAliases
{
    /// <summary>The live ID for a name, or the name itself.</summary>
#pragma warning disable CA1822 // The aliases are in the options.
    public string Resolve(string asked) => asked;
#pragma warning restore CA1822
}
