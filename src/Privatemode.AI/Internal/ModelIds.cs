namespace Privatemode.AI.Internal;

/// <summary>Checks the model IDs of callers, and suggests the ID that a wrong one probably means.</summary>
internal static class ModelIds
{
    private const int MaxTypos = 2;

    /// <summary>Returns a model ID that may be sent in the clear.</summary>
    /// <param name="member">The member that the exception names.</param>
    /// <param name="id">The model ID. Messages do not contain it, because it can be anything, for example an API key.</param>
    /// <exception cref="ArgumentException">It is null or empty.</exception>
    /// <exception cref="PrivatemodeRequestException">It is not a model ID.</exception>
    public static string Validate(string member, string id)
    {
        ArgumentException.ThrowIfNullOrEmpty(id, member);
        return FaultOf(id) is { } fault ? throw new PrivatemodeRequestException(member, $"The model ID {fault}") : id;
    }

    /// <summary>The model with its ID for messages, or without it if it could be an API key.</summary>
    public static string Describe(string? id, string otherwise) => id is null || MemberNames.LooksLikeApiKey(id) ? otherwise : $"the model '{id}'";

    /// <summary>The offered ID that a wrong one probably means; null if there is no similar one.</summary>
    public static string? Suggest(string wrong, IEnumerable<string> offered)
    {
        string name = NameOf(wrong);
        int most = Math.Clamp(name.Length / 4, 1, MaxTypos);
        return offered.Where(id => id != wrong).Select(id => (Id: id, Distance: EditDistance.Of(name, NameOf(id), most)))
            .Where(candidate => candidate.Distance <= most).OrderBy(candidate => candidate.Distance).FirstOrDefault().Id;
    }

    /// <summary>The letters and digits of an ID, without the publisher in front.</summary>
    private static string NameOf(string id) =>
        string.Concat(id[(id.LastIndexOf('/') + 1)..].Where(char.IsAsciiLetterOrDigit).Select(char.ToLowerInvariant));

    private static string? FaultOf(string id) =>
        id.Any(char.IsWhiteSpace) ? "contains white space. Remove it."
        : !MemberNames.IsModel(id) ? $"contains characters that are not allowed, or is too long. Model IDs are {MemberNames.ModelRule}."
        : MemberNames.LooksLikeApiKey(id) ? MemberNames.ApiKeyFault
        : null;
}
