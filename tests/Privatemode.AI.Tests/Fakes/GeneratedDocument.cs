using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Privatemode.AI.Tests.Fakes;

/// <summary>A member of a generated document: its name, and name and value as they are written.</summary>
internal sealed record GeneratedMember(string Name, string WrittenName, string Value);

/// <summary>A generated JSON document and, independently of any reader, what it holds.</summary>
internal sealed record GeneratedDocument(string Text, IReadOnlyList<GeneratedMember> Members)
{
    // Every kind of character a name may hold, many that matter for the order, and the names of the plain lists.
    private static readonly string[] NamePieces =
    [
        "a", "b", "aa", "B", "z", "_", "0", "9", "-", " ", "/", ".", "?", "*", ".a", "é", "€", "ﬀ", "😀", "\"", "\n", "\u0001", "\u007f",
        "id", "usage", "model",
    ];

    private static readonly Gen<string> Space = Gen.Frequency(
        (8, Gen.Constant("")), (2, Gen.Constant(" ")), (1, Gen.Elements("\n", "\r\n", "\t", "  \n ")));

    private static readonly Gen<string> Scalar = Gen.OneOf(
        Gen.Elements("null", "true", "false", "0", "-1", "12.5e-3", "1E+400", "\"\"", "\"\\ud83d\\ude00\"", "\"\\u0022:\\\\\"", "\"]}\""),
        from text in Concatenated(NamePieces, 4) from written in Written(text) select written);

    /// <summary>Objects whose top-level names are distinct and unambiguous.</summary>
    public static Gen<GeneratedDocument> Objects { get; } =
        from names in Concatenated(NamePieces, 6).Where(name => name.Length > 0).ListOf().Resize(12)
        from members in Gen.CollectToArray(names.Distinct(StringComparer.Ordinal).Select(Member))
        from body in Gen.CollectToArray(members.Select(Padded))
        from inside in Space
        from before in Space
        from after in Space
        select new GeneratedDocument($"{before}{{{inside}{string.Join(',', body)}}}{after}", members);

    /// <summary>Arrays, whose elements are members named by their position.</summary>
    public static Gen<GeneratedDocument> Arrays { get; } =
        from values in Value(2).ListOf().Resize(14)
        from body in Gen.CollectToArray(values.Select(value => from before in Space from after in Space select before + value + after))
        select new GeneratedDocument($"[{string.Join(',', body)}]", [.. values.Select((value, i) => new GeneratedMember($"{i}", "", value))]);

    public static Gen<string> Names { get; } = Concatenated(NamePieces, 6);

    /// <summary>Some names of the document, to be left plain, and one it may not have.</summary>
    public static Gen<string[]> PlainListFor(GeneratedDocument document) =>
        from some in Gen.SubListOf(document.Members.Select(member => member.Name)) select (string[])[.. some, "usage"];

    public byte[] Bytes => Encoding.UTF8.GetBytes(Text);

    /// <summary>The same object with fewer members, then with simpler values; without white space between them.</summary>
    public IEnumerable<GeneratedDocument> Smaller() => Properties
        .Smaller(Members, member => member.Value == "0" ? [] : [member with { Value = "0" }])
        .Select(members => new GeneratedDocument($"{{{string.Join(',', members.Select(member => $"{member.WrittenName}:{member.Value}"))}}}", members));

    /// <summary>A JSON string of the text: each character as it is or escaped.</summary>
    private static Gen<string> Written(string text) =>
        from runes in Gen.CollectToArray(text.EnumerateRunes().Select(rune => Gen.Choose(0, 3).Select(choice => Written(rune, choice == 0))))
        select $"\"{string.Concat(runes)}\"";

    private static string Written(Rune rune, bool escaped) => escaped || rune.Value < ' ' || rune.Value == '"' || rune.Value == '\\'
        ? string.Concat(rune.ToString().Select(unit => $"\\u{(int)unit:x4}"))
        : rune.ToString();

    private static Gen<string> Concatenated(string[] pieces, int atMost) =>
        from count in Gen.Choose(0, atMost) from text in Gen.Elements(pieces).ArrayOf(count) select string.Concat(text);

    private static Gen<GeneratedMember> Member(string name) =>
        from written in Written(name) from value in Value(3) select new GeneratedMember(name, written, value);

    private static Gen<string> Padded(GeneratedMember member) =>
        from spaces in Space.ArrayOf(4)
        select $"{spaces[0]}{member.WrittenName}{spaces[1]}:{spaces[2]}{member.Value}{spaces[3]}";

    private static Gen<string> Value(int depth) => depth == 0 ? Scalar : Gen.Frequency((4, Scalar), (1, Array(depth)), (1, Object(depth)));

    private static Gen<string> Array(int depth) =>
        from items in Value(depth - 1).ListOf().Resize(4)
        from space in Space
        select $"[{space}{string.Join(',', items)}]";

    // Two members of one name are fine below the top level.
    private static Gen<string> Object(int depth) =>
        from values in Value(depth - 1).ListOf().Resize(4)
        from space in Space
        select $"{{{space}{string.Join(',', values.Select((value, i) => $"\"{i % 2}\":{space}{value}"))}}}";
}
