using System.Buffers;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Encryption.Json;

public sealed class JsonIndexSizeTests
{
    private const int Many = 100_000;

    // A hundred times what it takes; a quadratic sort would take far longer still.
    private static readonly TimeSpan Plenty = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData("ascending")]
    [InlineData("descending")]
    [InlineData("long prefix")]
    [InlineData("dots")]
    public void Read_ManyMembers_TakesNoQuadraticTime(string kind)
    {
        string[] names =
        [
            .. Enumerable.Range(0, Many).Select(i => kind switch
            {
                "ascending" => $"{i:d6}",
                "descending" => $"{Many - i:d6}",
                "long prefix" => $"{new string('x', 30)}{i}",
                _ => $"{string.Concat(i.ToString().Select(digit => ".?*a"[digit % 4]))}{i}",
            }),
        ];
        byte[] document = Encoding.UTF8.GetBytes($"{{{string.Join(',', names.Select(name => $"\"{name}\":1"))}}}");
        using JsonIndex index = new();
        long start = Stopwatch.GetTimestamp();
        Assert.Equal(JsonShape.Usable, index.Read(document));
        Assert.True(Stopwatch.GetElapsedTime(start) < Plenty, $"{Stopwatch.GetElapsedTime(start)}");
        Assert.Equal(NaivePeer.Ordered(names), NamesInOrder(index));
    }

    [Theory]
    [InlineData("{", "}")]
    [InlineData("[", "]")]
    public void Read_NumberOfMembers_IsBounded(string open, string close)
    {
        string[] members = [.. Enumerable.Range(0, JsonIndex.MaxMembers + 1).Select(i => open == "{" ? $"\"{i}\":1" : "1")];
        using JsonIndex index = new();
        Assert.Equal(
            JsonShape.Usable, index.Read(Encoding.UTF8.GetBytes(open + string.Join(',', members.SkipLast(1)) + close), allowArray: true));
        Assert.Equal(
            JsonShape.TooManyMembers, index.Read(Encoding.UTF8.GetBytes(open + string.Join(',', members) + close), allowArray: true));
        Assert.True(index.Members.IsEmpty);
    }

    [Theory]
    [InlineData("{\"", "\":1}")]
    [InlineData("{\"a\":1,\"", "\":1}")]
    public void Read_NameOver256Bytes_IsRefused(string before, string after)
    {
        using JsonIndex index = new();
        Assert.Equal(JsonShape.Usable, index.Read(Encoding.UTF8.GetBytes(before + new string('n', JsonIndex.MaxNameLength) + after)));
        Assert.Equal(JsonShape.NameTooLong, index.Read(Encoding.UTF8.GetBytes(before + new string('n', JsonIndex.MaxNameLength + 1) + after)));
        Assert.True(index.Members.IsEmpty);
    }

    [Fact]
    public void Read_ManyEqualNames_TakesNoQuadraticTime()
    {
        byte[] document = Encoding.UTF8.GetBytes($"{{{string.Join(',', Enumerable.Repeat("\"x\":1", Many))}}}");
        using JsonIndex index = new();
        long start = Stopwatch.GetTimestamp();
        Assert.Equal(JsonShape.DuplicateName, index.Read(document));
        Assert.True(Stopwatch.GetElapsedTime(start) < Plenty, $"{Stopwatch.GetElapsedTime(start)}");
    }

    [Theory]
    [InlineData(1, 255)]
    [InlineData(1, 256)]
    [InlineData(16, 16)]
    [InlineData(17, 15)]
    [InlineData(17, 16)]
    [InlineData(31, 3)]
    [InlineData(33, 200)]
    [InlineData(300, 3)]
    public void Read_MoreThanTheIndexBeganWith_Grows(int count, int nameLength)
    {
        string[] names = [.. Enumerable.Range(0, count).Select(i => $"{i}".PadLeft(nameLength, 'x'))];
        foreach (bool escaped in (bool[])[false, true])
        {
            string first = escaped ? "\\u0078" : "x";
            string[] written = [.. names.Select(name => name.StartsWith('x') ? first + name[1..] : name)];
            byte[] document = Encoding.UTF8.GetBytes($"{{{string.Join(',', written.Select((name, i) => $"\"{name}\":{i}"))}}}");
            using JsonIndex index = new();
            Assert.Equal(JsonShape.Usable, index.Read(document));
            Assert.Equal(names, index.Members.ToArray().Select(member => Encoding.UTF8.GetString(index.Name(member))));
            Assert.Equal(NaivePeer.Ordered(names), NamesInOrder(index));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(40)]
    public void Append_NewMember_IsFoundInOrder(int before)
    {
        string[] names = [.. Enumerable.Range(0, before).Select(i => $"m{i}")];
        using JsonIndex index = new();
        Assert.Equal(JsonShape.Usable, index.Read(Encoding.UTF8.GetBytes($"{{{string.Join(',', names.Select(name => $"\"{name}\":1"))}}}")));
        index.Append("cache_salt"u8, 1000, 7, JsonTokenType.String);
        int at = index.Find("cache_salt"u8);
        Assert.Equal(before, at);
        Assert.Equal((1000, 7, JsonTokenType.String), (index.Members[at].ValueStart, index.Members[at].ValueLength, index.Members[at].Kind));
        Assert.Equal(NaivePeer.Ordered([.. names, "cache_salt"]), NamesInOrder(index));
    }

    [Fact]
    public void Append_NameThatIsThereOrAmbiguous_Throws()
    {
        using JsonIndex index = new();
        Assert.Equal(JsonShape.Usable, index.Read("{\"a\":1}"u8));
        Assert.Throws<ArgumentException>(() => index.Append("a"u8, 0, 1, JsonTokenType.Number));
        Assert.Equal(JsonShape.Usable, index.Read("{\"a\":1}"u8));
        Assert.Throws<ArgumentException>(() => index.Append("a|b"u8, 0, 1, JsonTokenType.Number));
    }

    // Names may be content. A long buffer does not come from the pool.
    [Theory]
    [InlineData(40)]
    [InlineData(400)]
    public void Names_OfABufferThatIsNotUsedAnyMore_AreWiped(int count)
    {
        string name = "ToBeWiped" + new string('x', 200);
        using JsonIndex index = new();
        byte[] first = index.Field<byte[]>("_names");
        Assert.Equal(
            JsonShape.Usable, index.Read(Encoding.UTF8.GetBytes("{" + string.Join(",", Enumerable.Range(0, count).Select(i => $"\"{name}{i}\":1")) + "}")));
        byte[] last = index.Field<byte[]>("_names");
        Assert.NotSame(first, last);
        Assert.True(first.AsSpan().IndexOf("ToBeWiped"u8) < 0);
        Assert.True(last.AsSpan().IndexOf("ToBeWiped"u8) >= 0);
        index.Dispose();
        Assert.True(last.AsSpan().IndexOf("ToBeWiped"u8) < 0);
    }

    private static List<string> NamesInOrder(JsonIndex index)
    {
        List<string> names = [];
        foreach (int i in index.Order)
        {
            names.Add(Encoding.UTF8.GetString(index.Name(index.Members[i])));
        }

        return names;
    }

    [Fact]
    public void Read_NamesThatOutgrowTheBuffer_AreNotLeftInThePool()
    {
        string name = "NotForThePool" + new string('x', 200);
        byte[] document = Encoding.UTF8.GetBytes("{" + string.Join(",", Enumerable.Range(0, 40).Select(i => $"\"{name}{i}\":1")) + "}");
        using (JsonIndex index = new())
        {
            _ = index.Read(document);
        }

        for (int size = 256; size <= 64 * 1024; size *= 2)
        {
            byte[] rented = ArrayPool<byte>.Shared.Rent(size);
            Assert.True(rented.AsSpan().IndexOf("NotForThePool"u8) < 0, $"A buffer of {size} bytes still holds a name.");
            ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
