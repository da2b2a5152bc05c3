using System.Text;

namespace Privatemode.AI.Internal;

/// <summary>The name of a tool call of a stream. Model servers write it once, in pieces, or in each fragment as far as it has come.</summary>
/// <remarks>Which of them a server does cannot be told from the pieces alone: the tools of the request decide.</remarks>
internal sealed class StreamedToolName
{
    // Longer names are joined in one way only, so that repetitions take no memory without bound.
    private const int LongestWithRepetitions = 1024;

    private readonly StringBuilder _name = new();
    private readonly StringBuilder _allPieces = new();
    private string _lastPiece = "";

    /// <summary>The number of characters, without repetitions.</summary>
    public int Length => _name.Length;

    /// <summary>Adds a piece, or the name once more.</summary>
    public void Append(string? piece)
    {
        if (string.IsNullOrEmpty(piece))
        {
            return;
        }

        if (!_name.Equals(piece.AsSpan()))
        {
            _ = _name.Append(piece);
        }

        if (_allPieces.Length <= LongestWithRepetitions)
        {
            _ = _allPieces.Append(piece);
        }

        _lastPiece = piece;
    }

    /// <summary>The name: the pieces joined without repetitions of the whole name, unless only another reading of them is the name of a tool.</summary>
    /// <param name="isTool">Whether the request has a tool of a name.</param>
    public string Resolve(Func<string, bool> isTool)
    {
        string name = _name.ToString();
        string withRepetitions = _allPieces.ToString();
        return isTool(name) ? name : isTool(withRepetitions) ? withRepetitions : isTool(_lastPiece) ? _lastPiece : name;
    }
}
