using System.Buffers;
using System.Collections.Frozen;

namespace Privatemode.AI.AspNetCore.Models;

/// <summary>The task for which a model is requested.</summary>
internal enum ModelTask
{
    Chat,
    Embeddings,
    Transcription,
}

/// <summary>Decides which model names are accepted from callers.</summary>
internal static class ModelNames
{
    private const int Longest = 128;
    private static readonly SearchValues<char> Characters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:/@-");

    /// <summary>Returns whether a name can be a model ID. IDs are used in URLs, so no path segment of one can be a dot segment.</summary>
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

    /// <exception cref="PrivatemodeRequestException">The name is missing or cannot be a model ID.</exception>
    public static string Require(string? name) => name is { } given && IsValid(given)
        ? given
        : throw new PrivatemodeRequestException("model", "'model' must be the ID of a model: 1 to 128 of A-Z a-z 0-9 . _ : / @ -");
}

/// <summary>The embedding model of the callers that share a model list. It stays the same when the list changes, because the vectors of two models cannot be
/// compared.</summary>
internal sealed class FixedEmbeddings
{
    private string? _model;

    /// <summary>Returns the model that was fixed first, or null if none was.</summary>
    /// <param name="model">The model to fix, unless one is fixed already.</param>
    public string? Fix(string? model) => model is null ? Volatile.Read(ref _model) : Interlocked.CompareExchange(ref _model, model, null) ?? model;
}

/// <summary>Resolves model names with one list of models.</summary>
internal sealed class ModelAliases
{
    private const string AnthropicPrefix = "anthropic/";

    private readonly AliasTable _table;
    private readonly FixedEmbeddings _embeddings;
    private readonly IReadOnlyList<ModelInfo> _models;
    private readonly FrozenSet<string> _ids;

    /// <param name="table">The aliases.</param>
    /// <param name="models">The models of the service, or null if they are not known.</param>
    /// <param name="embeddings">The embedding model of the callers that share these model lists. It stays the same when a list changes.</param>
    public ModelAliases(AliasTable table, IReadOnlyList<ModelInfo>? models, FixedEmbeddings embeddings)
    {
        (_table, _models, _embeddings, HasList) = (table, models ?? [], embeddings, models is not null);
        _ids = _models.Select(model => model.Id).ToFrozenSet(StringComparer.Ordinal);
    }

    /// <summary>Whether the models of the service are known.</summary>
    public bool HasList { get; }

    /// <summary>Returns whether a name can be resolved only with the models of the service.</summary>
    public bool NeedsList(string name) => !HasList && (name.StartsWith(AnthropicPrefix, StringComparison.Ordinal) || _table.TargetOf(name) is not null ||
        _table.DefaultOf(name) != DefaultModel.None);

    /// <summary>Returns whether a model is offered by the service or named in the configuration. Any other name can be text of a caller and is not
    /// logged.</summary>
    public bool IsKnown(string model) => _ids.Contains(model) || _table.IsConfigured(model);

    /// <summary>Returns what can be logged about the name that a caller requested: the name if it is a model ID or an alias, or the pattern that it matches;
    /// otherwise null.
    /// </summary>
    public string? WordFor(string asked) =>
        _ids.Contains(asked) || (asked.StartsWith(AnthropicPrefix, StringComparison.Ordinal) && _ids.Contains(asked[AnthropicPrefix.Length..]))
            ? asked
            : _table.AliasOf(asked);

    /// <summary>Returns the model ID of the service that a name stands for, or the name itself, which the service then accepts or refuses.</summary>
    /// <param name="asked">The name.</param>
    /// <param name="task">The task for which the model is requested.</param>
    public string Resolve(string asked, ModelTask task)
    {
        // If an alias has the name of a model, the model is used.
        if (_ids.Contains(asked))
        {
            return asked;
        }

        // This is how the models are listed for programs that show names of Anthropic's models only.
        if (asked.StartsWith(AnthropicPrefix, StringComparison.Ordinal) && _ids.Contains(asked[AnthropicPrefix.Length..]))
        {
            return asked[AnthropicPrefix.Length..];
        }

        string? target = _table.TargetOf(asked);
        return target is null ? Default(_table.DefaultOf(asked)) ?? asked : OrDefault(target, task);
    }

    /// <summary>Replaces a model that is no longer offered, so that programs continue to work. An embedding model is not replaced: its vectors could not be
    /// compared with the others.</summary>
    private string OrDefault(string target, ModelTask task)
    {
        if (!HasList || _ids.Contains(target))
        {
            return target;
        }

        _table.ReportGone(target);
        return task switch
        {
            ModelTask.Chat => Default(DefaultModel.Chat),
            ModelTask.Transcription => Default(DefaultModel.Transcription),
            _ => null,
        } ?? target;
    }

    private string? Default(DefaultModel model) => model switch
    {
        DefaultModel.Chat => Configured(_table.Models.Chat) ?? First(known => known.SupportsTools),
        DefaultModel.SmallChat => Configured(_table.Models.SmallChat) ?? First(IsSmall) ?? Default(DefaultModel.Chat),
        DefaultModel.Embeddings => _table.Models.Embeddings ?? _embeddings.Fix(null) ?? _embeddings.Fix(First(known => known.SupportsEmbeddings)),
        DefaultModel.Transcription => Configured(_table.Models.Transcription) ?? First(known => known.SupportsTranscription),
        _ => null,
    };

    private string? Configured(string? model)
    {
        if (model is not null && HasList && !_ids.Contains(model))
        {
            _table.ReportGone(model);
            return null;
        }

        return model;
    }

    private string? First(Func<ModelInfo, bool> isWanted) => _models.FirstOrDefault(isWanted)?.Id;

    private static bool IsSmall(ModelInfo model) => model.SupportsTools &&
        (model.Id.Contains("flash", StringComparison.Ordinal) || model.Id.Contains("mini", StringComparison.Ordinal));
}
