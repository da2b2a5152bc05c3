using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Privatemode.AI.Chat;

/// <summary>JSON for the model: the types of <see cref="AIJsonUtilities"/>, without the white space, which costs tokens.</summary>
internal static class CompactJson
{
    private static readonly JsonSerializerOptions Options = CreateOptions();

    public static byte[] Arguments(IDictionary<string, object?>? arguments) => JsonSerializer.SerializeToUtf8Bytes(
        arguments ?? new Dictionary<string, object?>(), Options.GetTypeInfo(typeof(IDictionary<string, object?>)));

    /// <exception cref="NotSupportedException">The type of the result is not known to the options.</exception>
    public static string Result(object result) => JsonSerializer.Serialize(result, Options.GetTypeInfo(typeof(object)));

    private static JsonSerializerOptions CreateOptions()
    {
        JsonSerializerOptions options = new(AIJsonUtilities.DefaultOptions) { WriteIndented = false };
        options.MakeReadOnly();
        return options;
    }
}
