using System.Text.Json;

namespace Privatemode.AI.Encryption.Json;

/// <summary>One top-level member: where its unescaped name lies in the index and its raw value in the document.</summary>
internal struct JsonMember
{
    public int NameStart;
    public int NameLength;
    public int ValueStart;
    public int ValueLength;
    public JsonTokenType Kind;

    /// <summary>How many bytes of an encrypted value come before its ciphertext.</summary>
    public int HeadLength { get; set; }

    /// <summary>Where the sealed or opened value goes in the rewritten document.</summary>
    public int OutputStart;

    /// <summary>Length of the sealed or opened value.</summary>
    public int OutputLength;

    public readonly int ValueEnd => ValueStart + ValueLength;

    public readonly ReadOnlySpan<byte> Value(ReadOnlySpan<byte> document) => document.Slice(ValueStart, ValueLength);
}
