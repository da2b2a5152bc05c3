using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>A tool call of a stream, as far as it has come.</summary>
/// <param name="index">The number readers tell it by.</param>
/// <param name="serverId">The ID the server gave it, if any. Another call may have the same one.</param>
/// <param name="id">The ID readers tell it by.</param>
internal sealed class PartialToolCall(int index, string? serverId, string id)
{
    private readonly StringBuilder _name = new();
    private readonly StringBuilder _arguments = new();

    // Of the braces outside of strings, so that the text is parsed once, when they close, and not for every fragment.
    private int _depth;
    private bool _isInString;
    private bool _isEscaped;
    private bool _areClosed;

    public int Index => index;

    public string? ServerId => serverId;

    public string Id => id;

    public bool IsNamed => _name.Length > 0;

    public bool HasArguments => _arguments.Length > 0;

    /// <summary>Whether the arguments begin with a whole JSON object, so that nothing can follow.</summary>
    public bool HasAllArguments { get; private set; }

    /// <summary>Adds a piece of the name. A piece equal to the whole name so far is a repetition of it.</summary>
    public void AppendName(string? piece)
    {
        if (!Has(piece))
        {
            _ = _name.Append(piece);
        }
    }

    /// <summary>Whether this is the name as far as it has come.</summary>
    public bool Has(string? name) => _name.Equals(name.AsSpan());

    /// <summary>Whether a fragment says all of this call once more.</summary>
    public bool IsAllOf(string? id, string? name, string? arguments) =>
        id is not null && id == serverId && HasAllArguments && (name is null || Has(name)) && arguments is not null && _arguments.Equals(arguments.AsSpan());

    /// <summary>Adds a piece of the arguments. What follows the whole object is not kept.</summary>
    public void Append(string? arguments)
    {
        if (_areClosed)
        {
            return;
        }

        _ = _arguments.Append(arguments);
        foreach (char character in arguments ?? "")
        {
            if (_areClosed)
            {
                return;
            }

            Follow(character);
            if (_areClosed)
            {
                HasAllArguments = BeginsWithObject();
            }
        }
    }

    private void Follow(char character)
    {
        if (_isInString)
        {
            _isInString = character != '"' || _isEscaped;
            _isEscaped = character == '\\' && !_isEscaped;
            return;
        }

        _isInString = character == '"';
        _depth += character == '{' ? 1 : character == '}' ? -1 : 0;
        _areClosed = character == '}' && _depth <= 0;
    }

    private bool BeginsWithObject()
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
