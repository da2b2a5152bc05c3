using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Pipeline;

/// <summary>A tool call of a stream, as far as it has come.</summary>
/// <param name="index">The number readers tell it by.</param>
/// <param name="id">The id it goes by.</param>
internal sealed class BegunToolCall(int index, string id)
{
    private readonly StringBuilder _arguments = new();

    public int Index => index;

    public string Id => id;

    public string Name { get; set; } = "";

    /// <summary>Whether what came so far is whole JSON, so that nothing can follow.</summary>
    public bool HasAllArguments
    {
        get
        {
            Utf8JsonReader reader = new(Encoding.UTF8.GetBytes(_arguments.ToString()), new JsonReaderOptions { MaxDepth = JsonIndex.MaxDepth });
            try
            {
                return reader.Read() && reader.TokenType == JsonTokenType.StartObject && reader.TrySkip();
            }
            catch (JsonException)
            {
                return false;
            }
        }
    }

    public void Append(string? arguments) => _arguments.Append(arguments);
}
