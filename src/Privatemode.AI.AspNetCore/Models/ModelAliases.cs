using System.Buffers;

namespace Privatemode.AI.AspNetCore.Models;

/// <summary>What a model is asked to do.</summary>
internal enum ModelTask
{
    Chat,
    Embeddings,
    Transcription,
}

/// <summary>Which names of models are accepted from callers.</summary>
internal static class ModelNames
{
    private const int Longest = 128;
    private static readonly SearchValues<char> Characters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:/@-");

    /// <summary>Whether a name can be one of a model. Names are used in addresses, so no part of one may be a dot segment.</summary>
    public static bool IsValid(ReadOnlySpan<char> name)
    {
        if (name.Length is 0 or > Longest || name.ContainsAnyExcept(Characters))
        {
            return false;
        }

        foreach (Range part in name.Split('/'))
        {
            if (name[part] is "." or "..")
            {
                return false;
            }
        }

        return true;
    }

    /// <exception cref="PrivatemodeRequestException">There is no name, or it can be none of a model.</exception>
    public static string Require(string? name) => name is { } given && IsValid(given)
        ? given
        : throw new PrivatemodeRequestException("model", "'model' must be the ID of a model: 1 to 128 of A-Z a-z 0-9 . _ : / @ -");
}

/// <summary>Resolves model names with one list of models.</summary>
internal sealed class ModelAliases
{
    /// <summary>The live ID for a name, or the name itself.</summary>
#pragma warning disable CA1822 // The aliases are in the options.
    public string Resolve(string asked, ModelTask task)
#pragma warning restore CA1822
    {
        _ = task;
        return asked;
    }
}
