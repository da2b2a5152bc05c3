using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Tests.Encryption.Json;

public sealed class JsonIndexShapeTests
{
    [Theory]
    [InlineData("{}")]
    [InlineData(" \t\r\n{ \n} \r\n")]
    [InlineData("{\"a\":1}")]
    [InlineData("{\"a\":{\"a\":1,\"a\":2}}")]
    [InlineData("{\"a\":{\"\":1,\"x|y\":2,\"@\":3}}")]
    [InlineData("{\"a\":\"\\ud800\"}")]
    [InlineData("{\"a@!:{[\":1}")]
    [InlineData("{\"\\u0000\":1}")]
    [InlineData("{\"😀\":1,\"\\ud83d\\ude01\":2}")]
    [InlineData("{\"a\":1,\"A\":2,\"á\":3,\"a\\u0301\":4}")]
    public void Read_Object_IsUsable(string text) => Assert.Equal(JsonShape.Usable, Shape(text));

    [Theory]
    [InlineData(" ")]
    [InlineData("\n\n")]
    [InlineData("{")]
    [InlineData("{\"a\":1")]
    [InlineData("{\"a\":1,}")]
    [InlineData("{\"a\":1 \"b\":2}")]
    [InlineData("{\"a\":01}")]
    [InlineData("{\"a\":NaN}")]
    [InlineData("{'a':1}")]
    [InlineData("{a:1}")]
    [InlineData("{\"a\":1}x")]
    [InlineData("{\"a\":1} {}")]
    [InlineData("{\"a\":1}\0")]
    [InlineData("{\"a\":1,/*x*/\"b\":1}")]
    [InlineData("{\"a\":\"\n\"}")]
    [InlineData("{\"\\x41\":1}")]
    [InlineData("{\"\\u12\":1}")]
    [InlineData("\ufeff{\"a\":1}")]
    [InlineData("\u00a0{\"a\":1}")]
    [InlineData("{\"a\":1}}")]
    [InlineData("tru")]
    [InlineData("\"open")]
    [InlineData("5 5")]
    [InlineData("[1")]
    public void Read_BrokenText_IsMalformed(string text) => Assert.Equal(JsonShape.Malformed, Shape(text));

    [Theory]
    [InlineData("5")]
    [InlineData(" null ")]
    [InlineData("\"{}\"")]
    [InlineData("[{\"a\":1}]")]
    [InlineData("[]")]
    public void Read_OtherJson_IsNotAnObject(string text) => Assert.Equal(JsonShape.NotAnObject, Shape(text));

    [Theory]
    [InlineData("{\"a\":1,\"a\":1}")]
    [InlineData("{\"a\":1,\"b\":2,\"\\u0061\":3}")]
    [InlineData("{\"\\u0061\":1,\"a\":2}")]
    [InlineData("{\"/\":1,\"\\/\":2}")]
    [InlineData("{\"😀\":1,\"x\":2,\"\\ud83d\\ude00\":3}")]
    [InlineData("{\".\":1,\"x\":2,\"\\u002e\":3}")]
    public void Read_EqualNames_IsDuplicateName(string text) => Assert.Equal(JsonShape.DuplicateName, Shape(text));

    [Theory]
    [InlineData("{\"\":1}")]
    [InlineData("{\"a\":1,\"\":1}")]
    [InlineData("{\"a|b\":1}")]
    [InlineData("{\"|\":1}")]
    [InlineData("{\"a\\\\b\":1}")]
    [InlineData("{\"a\\u007cb\":1}")]
    [InlineData("{\"\\u0040a\":1}")]
    [InlineData("{\"@a\":1}")]
    [InlineData("{\"!a\":1}")]
    [InlineData("{\":a\":1}")]
    [InlineData("{\"{a\":1}")]
    [InlineData("{\"[a\":1}")]
    public void Read_NameThatIsAPath_IsAmbiguous(string text) => Assert.Equal(JsonShape.AmbiguousName, Shape(text));

    [Theory]
    [InlineData("{\"\\ud800\":1}")]
    [InlineData("{\"\\udc00\":1}")]
    [InlineData("{\"\\udc00\\ud800\":1}")]
    [InlineData("{\"\\ud800\\ud800\":1}")]
    [InlineData("{\"a\":1,\"x\\ud800y\":1}")]
    public void Read_LoneSurrogateInAName_IsInvalidName(string text) => Assert.Equal(JsonShape.InvalidName, Shape(text));

    [Fact]
    public void Read_Nothing_IsEmpty() => Assert.Equal(JsonShape.Empty, Shape(""));

    [Theory]
    [InlineData(0xFF)]
    [InlineData(0xC0)]
    [InlineData(0x80)]
    [InlineData(0xED)]
    public void Read_BytesThatAreNoUtf8_IsInvalidUtf8(int value)
    {
        byte[] bad = [(byte)value, 0xA0, 0x80];
        using JsonIndex index = new();
        Assert.Equal(JsonShape.InvalidUtf8, index.Read((byte[])[.. "{\"a\":\""u8, .. bad, .. "\"}"u8]));
        Assert.Equal(JsonShape.InvalidUtf8, index.Read((byte[])[.. "{\""u8, .. bad, .. "\":1}"u8]));
        Assert.Equal(JsonShape.InvalidUtf8, index.Read((byte[])[.. "{}"u8, .. bad]));
    }

    [Theory]
    [InlineData('[', ']')]
    [InlineData('{', '}')]
    public void Read_Depth_IsBounded(char open, char close)
    {
        // The value lies in the top-level object, which counts too.
        Assert.Equal(JsonShape.Usable, Shape(Nested(open, close, JsonLimits.MaxDepth - 1)));
        Assert.Equal(JsonShape.Malformed, Shape(Nested(open, close, JsonLimits.MaxDepth)));
        Assert.Equal(JsonShape.Malformed, Shape(Nested(open, close, 100_000)));
    }

    [Fact]
    public void Read_ArrayWhereAllowed_GivesElementsNamedByPosition()
    {
        byte[] document = "[ 1 , \"x\",[2,[3]],{\"\":1}, null]"u8.ToArray();
        using JsonIndex index = new();
        Assert.Equal(JsonShape.NotAnObject, index.Read(document));
        Assert.Equal(JsonShape.Usable, index.Read(document, allowArray: true));
        Assert.Equal(["0", "1", "2", "3", "4"], Names(index));
        Assert.Equal(
            ["1", "\"x\"", "[2,[3]]", "{\"\":1}", "null"],
            index.Members.ToArray().Select(member => Encoding.UTF8.GetString(member.Value(document))));
        Assert.Equal(JsonShape.Malformed, index.Read("[1,]"u8, allowArray: true));
        Assert.Equal(JsonShape.NotAnObject, index.Read("5"u8, allowArray: true));
    }

    [Fact]
    public void Read_LongArray_OrdersPositionsAsText()
    {
        using JsonIndex index = new();
        Assert.Equal(JsonShape.Usable, index.Read(Encoding.UTF8.GetBytes($"[{string.Join(',', Enumerable.Range(0, 120))}]"), allowArray: true));
        Assert.Equal(
            Enumerable.Range(0, 120).OrderBy(i => $"{i}", StringComparer.Ordinal), index.Order.ToArray());
    }

    [Theory]
    [InlineData("{\"a\":1,\"a\":2}")]
    [InlineData("{\"a\":1,\"b\":")]
    [InlineData("{\"a\":1,\"|\":2}")]
    [InlineData("{\"a\":1,\"\\ud800\":2}")]
    [InlineData("{\"a\":1} x")]
    [InlineData("")]
    [InlineData("7")]
    public void Read_Unusable_LeavesTheIndexEmpty(string text)
    {
        using JsonIndex index = new();
        Assert.Equal(JsonShape.Usable, index.Read("{\"x\":1,\"a\":2}"u8));
        Assert.NotEqual(JsonShape.Usable, index.Read(Encoding.UTF8.GetBytes(text)));
        Assert.True(index.Members.IsEmpty);
        Assert.True(index.Order.IsEmpty);
        Assert.Equal(-1, index.Find("a"u8));
    }

    [Fact]
    public void Read_AfterDispose_Throws()
    {
        JsonIndex index = new();
        Assert.Equal(JsonShape.Usable, index.Read("{\"x\":1}"u8));
        index.Dispose();
        index.Dispose();
        Assert.True(index.Members.IsEmpty);
        Assert.Throws<ObjectDisposedException>(() => index.Read("{\"x\":1}"u8));
    }

    [Theory]
    [InlineData("{\"a\":1}", JsonTokenType.StartObject)]
    [InlineData("[]", JsonTokenType.StartArray)]
    [InlineData(" \t\r\n\"x\"", JsonTokenType.String)]
    [InlineData("true", JsonTokenType.True)]
    [InlineData("false", JsonTokenType.False)]
    [InlineData("null ", JsonTokenType.Null)]
    [InlineData("-1", JsonTokenType.Number)]
    [InlineData("0", JsonTokenType.Number)]
    [InlineData("9e9", JsonTokenType.Number)]
    [InlineData("", JsonTokenType.None)]
    [InlineData("  ", JsonTokenType.None)]
    [InlineData("+1", JsonTokenType.None)]
    [InlineData(":", JsonTokenType.None)]
    [InlineData("/", JsonTokenType.None)]
    [InlineData("\u00a0null", JsonTokenType.None)]
    public void Of_Value_IsTheTokenItStartsWith(string value, JsonTokenType kind) => Assert.Equal(kind, JsonKind.Of(Encoding.UTF8.GetBytes(value)));

    private static string[] Names(JsonIndex index)
    {
        List<string> names = [];
        foreach (ref readonly JsonMember member in index.Members)
        {
            names.Add(Encoding.UTF8.GetString(index.Name(member)));
        }

        return [.. names];
    }

    private static string Nested(char open, char close, int depth)
    {
        string nested = open == '{' ? string.Concat(Enumerable.Repeat("{\"a\":", depth)) + "1" : new string(open, depth);
        return $"{{\"a\":{nested}{new string(close, depth)}}}";
    }

    private static JsonShape Shape(string text)
    {
        using JsonIndex index = new();
        return index.Read(Encoding.UTF8.GetBytes(text));
    }
}
