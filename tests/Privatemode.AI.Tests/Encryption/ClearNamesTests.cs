using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Tests.Encryption;

public sealed class ClearNamesTests
{
    private static readonly ClearNames Names = new("model", "é");

    [Fact]
    public void Contains_ListedNames_IsTrue()
    {
        Assert.True(Names.Contains("model"u8));
        Assert.True(Names.Contains("é"u8));
    }

    [Fact]
    public void Contains_OtherNames_IsFalse()
    {
        Assert.False(Names.Contains("Model"u8));
        Assert.False(Names.Contains("mode"u8));
        Assert.False(Names.Contains("models"u8));
        Assert.False(Names.Contains("e\u0301"u8));
        Assert.False(Names.Contains([]));
        Assert.False(new ClearNames().Contains("model"u8));
    }
}
