using System.Text;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Tests.Internal;

public sealed class MemberNamesTests
{
    [Theory]
    [InlineData("a", true, true)]
    [InlineData("Az_09", true, true)]
    [InlineData("a[b]", false, true)]
    [InlineData("", false, false)]
    [InlineData("a b", false, false)]
    [InlineData("a-b", false, false)]
    [InlineData("a.b", false, false)]
    [InlineData("ä", false, false)]
    [InlineData("a\n", false, false)]
    public void IsMemberAndIsField_Name_AreTheSameForTextAndUtf8(string name, bool isMember, bool isField)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(name);

        Assert.Equal((isMember, isMember), (MemberNames.IsMember(name), MemberNames.IsMember(utf8)));
        Assert.Equal((isField, isField), (MemberNames.IsField(name), MemberNames.IsField(utf8)));
    }

    [Theory]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public void IsMemberAndIsField_LongName_AtMost64(int length, bool expected)
    {
        string name = new('a', length);
        byte[] utf8 = Encoding.UTF8.GetBytes(name);

        Assert.Equal(expected, MemberNames.IsMember(name) && MemberNames.IsField(name) && MemberNames.IsMember(utf8) && MemberNames.IsField(utf8));
        Assert.Equal(expected, MemberNames.IsMember(name) || MemberNames.IsField(name) || MemberNames.IsMember(utf8) || MemberNames.IsField(utf8));
        Assert.True(MemberNames.HasMemberBytesOnly(utf8));
    }

    [Theory]
    [InlineData("openai/gpt-oss-120b", true)]
    [InlineData("", false)]
    [InlineData("a:b", false)]
    public void IsModel_Text_IsJudged(string id, bool expected) => Assert.Equal(expected, MemberNames.IsModel(id));

    [Fact]
    public void IsModel_LongText_AtMost128()
    {
        Assert.True(MemberNames.IsModel(new string('m', 128)));
        Assert.False(MemberNames.IsModel(new string('m', 129)));
    }

    [Theory]
    [InlineData('a', 64, true, true)]
    [InlineData('A', 64, true, false)]
    [InlineData('g', 64, false, false)]
    [InlineData('0', 63, false, false)]
    [InlineData('0', 65, false, false)]
    public void IsSha256_Digits_AreJudged(char digit, int length, bool any, bool lower)
    {
        string text = new(digit, length);

        Assert.Equal((any, lower), (MemberNames.IsSha256(text), MemberNames.IsLowerSha256(text)));
    }
}
