using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Internal;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Encryption.Json;

/// <summary>The walker against the platform's DOM, and against what the generator knows of its own documents.</summary>
public sealed class JsonIndexDifferentialTests
{
    private const string AnyBytes = "{}[]\",:\\ u0019aetfn.-|\n\ud83d\ude00";

    private static readonly Gen<(int At, int Cut, char Letter)> Edit =
        from at in Gen.Choose(0, 400)
        from cut in Gen.Choose(0, 2)
        from letter in Gen.Elements(AnyBytes.ToCharArray())
        select (at, cut, letter);

    private static readonly Gen<string> Broken =
        from document in GeneratedDocument.Objects
        from edits in Edit.ListOf().Resize(3)
        select edits.Aggregate(document.Text, (text, edit) => Edited(text, edit.At, edit.Cut, edit.Letter));

    [Fact]
    public void Read_GeneratedObjects_FindsEveryMember() => Properties.Hold(GeneratedDocument.Objects, document =>
    {
        using JsonIndex index = new();
        Assert.Equal(JsonShape.Usable, index.Read(document.Bytes));
        AssertMembers(document, index);
        AssertLikeDom(document.Bytes, index);
    }, 2000);

    [Fact]
    public void Read_GeneratedArrays_FindsEveryElement() => Properties.Hold(GeneratedDocument.Arrays, document =>
    {
        using JsonIndex index = new();
        Assert.Equal(JsonShape.Usable, index.Read(document.Bytes, allowArray: true));
        AssertMembers(document, index);
    }, 500);

    [Fact]
    public void Read_OneIndexForManyDocuments_RemembersNothing() => Properties.Hold(GeneratedDocument.Objects.ListOf(), documents =>
    {
        using JsonIndex index = new();
        foreach (GeneratedDocument document in documents)
        {
            Assert.Equal(JsonShape.Usable, index.Read(document.Bytes));
            AssertMembers(document, index);
            _ = index.Read(document.Bytes.AsSpan(0, document.Bytes.Length / 2));
        }
    }, 100);

    [Fact]
    public void Read_BrokenDocuments_TakesWhatTheDomTakes() => Properties.Hold(Broken, text =>
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        using JsonIndex index = new();
        JsonShape shape = index.Read(bytes);
        bool isJson = IsJson(bytes);
        Assert.True(isJson != shape is JsonShape.Malformed or JsonShape.Empty || shape == JsonShape.InvalidName, $"{shape}: {text}");
        if (shape == JsonShape.Usable)
        {
            AssertLikeDom(bytes, index);
        }
    }, 2000);

    [Fact]
    public void Order_GeneratedNames_IsThatOfTheProtocol() => Properties.Hold(GeneratedDocument.Names.Where(name => name.Length > 0).ListOf(), all =>
    {
        string[] names = [.. all.Distinct(StringComparer.Ordinal)];
        byte[] document = Encoding.UTF8.GetBytes($"{{{string.Join(',', names.Select(name => $"\"{JsonEncodedText.Encode(name)}\":0"))}}}");
        using JsonIndex index = new();
        Assert.Equal(JsonShape.Usable, index.Read(document));
        List<string> ordered = [];
        foreach (int i in index.Order)
        {
            ordered.Add(Encoding.UTF8.GetString(index.Name(index.Members[i])));
        }

        Assert.Equal(NaivePeer.Ordered(names), ordered);
    }, 3000);

    private static void AssertMembers(GeneratedDocument document, JsonIndex index)
    {
        Assert.Equal(document.Members.Count, index.Members.Length);
        Assert.Equal(Enumerable.Range(0, document.Members.Count), index.Order.ToArray().Order());
        for (int i = 0; i < document.Members.Count; i++)
        {
            GeneratedMember expected = document.Members[i];
            ref readonly JsonMember member = ref index.Members[i];
            Assert.Equal(expected.Name, Encoding.UTF8.GetString(index.Name(member)));
            Assert.Equal(expected.Value, Encoding.UTF8.GetString(member.Value(document.Bytes)));
            Assert.Equal(JsonKind.Of(member.Value(document.Bytes)), member.Kind);
            Assert.Equal(i, index.Find(Encoding.UTF8.GetBytes(expected.Name)));
        }
    }

    private static void AssertLikeDom(byte[] bytes, JsonIndex index)
    {
        using JsonDocument dom = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = JsonLimits.MaxDepth });
        JsonProperty[] properties = [.. dom.RootElement.EnumerateObject()];
        Assert.Equal(properties.Length, index.Members.Length);
        for (int i = 0; i < properties.Length; i++)
        {
            ref readonly JsonMember member = ref index.Members[i];
            Assert.Equal(properties[i].Name, Encoding.UTF8.GetString(index.Name(member)));
            Assert.Equal(properties[i].Value.GetRawText(), Encoding.UTF8.GetString(member.Value(bytes)));
            Assert.Equal(KindOf(properties[i].Value.ValueKind), member.Kind);
        }
    }

    private static JsonTokenType KindOf(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Object => JsonTokenType.StartObject,
        JsonValueKind.Array => JsonTokenType.StartArray,
        JsonValueKind.String => JsonTokenType.String,
        JsonValueKind.Number => JsonTokenType.Number,
        JsonValueKind.True => JsonTokenType.True,
        JsonValueKind.False => JsonTokenType.False,
        _ => JsonTokenType.Null,
    };

    private static bool IsJson(byte[] bytes)
    {
        try
        {
            JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = JsonLimits.MaxDepth }).Dispose();
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string Edited(string text, int at, int cut, char letter)
    {
        at = Math.Min(at, text.Length);
        return text[..at] + letter + text[Math.Min(at + cut, text.Length)..];
    }
}
