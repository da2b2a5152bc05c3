using Privatemode.AI.Internal;

namespace Privatemode.AI.Tests.Internal;

/// <summary>Which word of OpenAI's becomes which word of a family of models.</summary>
public sealed class EffortWordsTests
{
    [Theory]
    [InlineData("gpt-oss-120b", null, "low", "low", "medium", "high", "high", "high")]
    [InlineData("zai-org/GLM-5.3", null, "low", "low", "high", "high", "max", "max")]
    [InlineData("gemma-3-27b", "none", "minimal", "low", "medium", "high", "xhigh", "max")]
    [InlineData("glmnet", "none", "minimal", "low", "medium", "high", "xhigh", "max")]
    [InlineData(null, "none", "minimal", "low", "medium", "high", "xhigh", "max")]
    public void Of_EveryWord_IsOneThatTheFamilyKnows(
        string? model, string? none, string minimal, string low, string medium, string high, string extraHigh, string max) => Assert.Equal(
        [none, minimal, low, medium, high, extraHigh, max],
        ((string[])["none", "minimal", "low", "medium", "high", "xhigh", "max"]).Select(word => EffortWords.Of(word, model)));

    [Theory]
    [InlineData("")]
    [InlineData("LOW")]
    [InlineData("extreme")]
    public void Of_AnotherWord_IsNull(string word) =>
        Assert.All((string?[])["gpt-oss-120b", "glm-5.3", "gemma-3-27b", null], model => Assert.Null(EffortWords.Of(word, model)));

    [Theory]
    [InlineData("openai/gpt-oss-120b", "gpt-oss")]
    [InlineData("glm-5.3-flash", "GLM")]
    [InlineData("glmnet", null)]
    [InlineData("gemma-3-27b", null)]
    [InlineData(null, null)]
    public void FamilyWithoutNone_IsTheFamilyThatAlwaysReasons(string? model, string? family) =>
        Assert.Equal(family, EffortWords.FamilyWithoutNone(model));
}
