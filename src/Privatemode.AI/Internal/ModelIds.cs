namespace Privatemode.AI.Internal;

/// <summary>Checks the model IDs of callers, and suggests the ID that a wrong one probably means.</summary>
internal static class ModelIds
{
    private const int MaxTypos = 2;
    private const int MinKeyDigits = 32;

    private const string KeyFault =
        "looks like an API key, which is not sent as a model ID. Check the order of the arguments and the setting that it comes from.";

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

    /// <summary>Returns the model ID in the body of a request, from any client, unless it could be an API key: it is sent in the clear.</summary>
    /// <exception cref="PrivatemodeRequestException">It looks like an API key.</exception>
    public static string RefuseApiKey(string id) => LooksLikeApiKey(id) ? throw new PrivatemodeRequestException("model", $"The model ID {KeyFault}") : id;

    /// <summary>The model with its ID for messages, or without it if it could be an API key.</summary>
    public static string Describe(string? id, string otherwise) => id is null || LooksLikeApiKey(id) ? otherwise : $"the model '{id}'";

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
        : LooksLikeApiKey(id) ? KeyFault
        : null;

    private static bool LooksLikeApiKey(string id) =>
        Guid.TryParse(id, out _) || (id.Length >= MinKeyDigits && id.All(char.IsAsciiHexDigit)) || id.StartsWith("sk-", StringComparison.Ordinal);
}
