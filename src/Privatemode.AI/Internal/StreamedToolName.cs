using System.Text;

namespace Privatemode.AI.Internal;

/// <summary>The name of a tool call in a stream. Model servers send it once, in pieces, or repeat in each fragment what they have sent so far.</summary>
/// <remarks>The pieces alone do not show which of these a server does, so the tools of the request decide.</remarks>
internal sealed class StreamedToolName
{
    // Longer names are only joined in one way, so that repetitions cannot take unlimited memory.
    private const int MaxLengthWithRepetitions = 1024;

    private readonly StringBuilder _name = new();
    private readonly StringBuilder _allPieces = new();
    private string _lastPiece = "";
    private bool _isGrowing = true;

    /// <summary>The number of characters so far, without repetitions.</summary>
    public int Length => _name.Length;

    /// <summary>Adds a piece, or a repetition of the name.</summary>
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

        if (_allPieces.Length <= MaxLengthWithRepetitions)
        {
            _ = _allPieces.Append(piece);
        }

        _isGrowing &= piece.StartsWith(_lastPiece, StringComparison.Ordinal);
        _lastPiece = piece;
    }

    /// <summary>Returns the name: the joined pieces without repetitions of the whole name, unless only another way to join them gives the name of a
    /// tool.</summary>
    /// <param name="isTool">Returns whether the request contains a tool with a name.</param>
    public string Resolve(Func<string, bool> isTool)
    {
        string name = _name.ToString();
        string withRepetitions = _allPieces.ToString();
        return isTool(name) ? name : isTool(withRepetitions) ? withRepetitions : _isGrowing && isTool(_lastPiece) ? _lastPiece : name;
    }
}
