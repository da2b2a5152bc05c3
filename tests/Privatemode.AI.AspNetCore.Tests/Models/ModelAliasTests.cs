using Privatemode.AI.AspNetCore.Models;
using Privatemode.AI.AspNetCore.Tests.Dialects;

namespace Privatemode.AI.AspNetCore.Tests.Models;

/// <summary>Which model serves a name.</summary>
public sealed class ModelAliasTests
{
    private readonly PrivatemodeProxyOptions _options = new();
    private readonly List<string> _gone = [];

    [Theory]
    [InlineData("glm-5.3", "glm-5.3")]
    [InlineData("openai/gpt-oss-120b", "openai/gpt-oss-120b")]
    [InlineData("anthropic/glm-5.3", "glm-5.3")]
    [InlineData("anthropic/openai/gpt-oss-120b", "openai/gpt-oss-120b")]
    [InlineData("anthropic/gone-1", "gpt-oss-120b")]
    [InlineData("claude-opus-4-1-20250805", "gpt-oss-120b")]
    [InlineData("claude-haiku-4-5", "glm-5.3-flash")]
    [InlineData("claude-3-5-haiku-latest", "glm-5.3-flash")]
    [InlineData("claude-9-haiku-x", "glm-5.3-flash")]
    [InlineData("gpt-4o", "gpt-oss-120b")]
    [InlineData("gpt-4o-mini", "glm-5.3-flash")]
    [InlineData("gpt-5-nano-2026", "glm-5.3-flash")]
    [InlineData("o4-mini", "glm-5.3-flash")]
    [InlineData("o3", "gpt-oss-120b")]
    [InlineData("chatgpt-4o-latest", "gpt-oss-120b")]
    [InlineData("codex-mini-latest", "gpt-oss-120b")]
    [InlineData("gpt-oss-20b", "gpt-oss-20b")]
    [InlineData("text-embedding-3-large", "qwen3-embedding-4b")]
    [InlineData("whisper-1", "whisper-large-v3")]
    [InlineData("gpt-4o-mini-transcribe", "whisper-large-v3")]
    [InlineData("llama-4", "llama-4")]
    public void Resolve_Name_IsALiveModelOrItself(string name, string model) => Assert.Equal(model, Aliases().Resolve(name, ModelTask.Chat));

    [Fact]
    public void Resolve_WithoutDefaults_LeavesNamesAsTheyAre()
    {
        _options.UseDefaultAliases = false;
        Assert.Equal("claude-opus-4", Aliases().Resolve("claude-opus-4", ModelTask.Chat));
        Assert.Equal("glm-5.3", Aliases().Resolve("anthropic/glm-5.3", ModelTask.Chat));
    }

    [Fact]
    public void Resolve_ConfiguredAliases_ComeBeforeDefaultsAndTheLongestFirst()
    {
        _options.Aliases["claude-opus-4"] = "glm-5.3-flash";
        _options.Aliases["claude-*"] = "glm-5.3";
        _options.Aliases["claude-sonnet-*"] = "openai/gpt-oss-120b";
        _options.Aliases["glm-5.3"] = "gpt-oss-120b";
        ModelAliases aliases = Aliases();
        Assert.Equal("glm-5.3-flash", aliases.Resolve("claude-opus-4", ModelTask.Chat));
        Assert.Equal("openai/gpt-oss-120b", aliases.Resolve("claude-sonnet-4", ModelTask.Chat));
        Assert.Equal("glm-5.3", aliases.Resolve("claude-haiku-4", ModelTask.Chat));
        Assert.Equal("glm-5.3", aliases.Resolve("glm-5.3", ModelTask.Chat));
        Assert.Equal("unknown", aliases.Resolve("unknown", ModelTask.Chat));
    }

    [Fact]
    public void Resolve_AliasOfEverything_CatchesRemovedModels()
    {
        _options.Aliases["*"] = "glm-5.3";
        Assert.Equal("glm-5.3", Aliases().Resolve("kimi-k2.6", ModelTask.Chat));
        Assert.Equal("gpt-oss-120b", Aliases().Resolve("gpt-oss-120b", ModelTask.Chat));
    }

    [Theory]
    [InlineData(ModelTask.Chat, "gpt-oss-120b")]
    [InlineData(ModelTask.Transcription, "whisper-large-v3")]
    [InlineData(ModelTask.Embeddings, "kimi-k2.6")]
    public void Resolve_AliasOfAModelThatIsGone_IsReplacedAndReported(object task, string model)
    {
        _options.Aliases["mine"] = "kimi-k2.6";
        Assert.Equal(model, Aliases().Resolve("mine", (ModelTask)task));
        Assert.Equal(["kimi-k2.6"], _gone);
    }

    [Fact]
    public void Resolve_DefaultModels_AreThoseOfTheOptionsIfTheyAreOffered()
    {
        (_options.DefaultModels.Chat, _options.DefaultModels.SmallChat) = ("glm-5.3", "kimi-k2.6");
        Assert.Equal("glm-5.3", Aliases().Resolve("claude-opus-4", ModelTask.Chat));
        Assert.Equal("glm-5.3-flash", Aliases().Resolve("claude-haiku-4", ModelTask.Chat));
        Assert.Equal(["kimi-k2.6"], _gone);
    }

    [Fact]
    public void Resolve_Embeddings_StayWithOneModelEvenIfItIsGone()
    {
        AliasTable table = new(_options, _gone.Add);
        FixedEmbeddings embeddings = new();
        ModelInfo other = new() { Id = "another-embedding", Tasks = ["embed"] };
        Assert.Equal("qwen3-embedding-4b", Embeddings(EditTesting.Models, embeddings));
        Assert.Equal("qwen3-embedding-4b", Embeddings([other], embeddings));
        Assert.Equal("another-embedding", Embeddings([other], new FixedEmbeddings()));

        string Embeddings(IReadOnlyList<ModelInfo> models, FixedEmbeddings embeddings) =>
            new ModelAliases(table, models, embeddings).Resolve("text-embedding-3-small", ModelTask.Embeddings);
    }

    [Theory]
    [InlineData("gpt-oss-120b", false)]
    [InlineData("glm-5.3", false)]
    [InlineData("claude-opus-4", true)]
    [InlineData("anthropic/glm-5.3", true)]
    [InlineData("mine", true)]
    public void NeedsList_OnlyNamesThatCanBeAliases(string name, bool needs)
    {
        _options.Aliases["mine"] = "glm-5.3";
        Assert.Equal(needs, new ModelAliases(new AliasTable(_options, _gone.Add), null, new FixedEmbeddings()).NeedsList(name));
        Assert.False(Aliases().NeedsList(name));
    }

    [Theory]
    [InlineData("gpt-oss-120b", "gpt-oss-120b")]
    [InlineData("anthropic/gpt-oss-120b", "anthropic/gpt-oss-120b")]
    [InlineData("anthropic/my-secret", "anthropic/*")]
    [InlineData("mine", "mine")]
    [InlineData("mine-my-secret", "mine-*")]
    [InlineData("claude-haiku-my-secret", "claude-haiku*")]
    [InlineData("gpt-oss-my-secret", null)]
    [InlineData("my-secret", null)]
    public void WordFor_NamesThatCallersMakeUp_AreThePatternsThatTheyMatch(string name, string? word)
    {
        _options.Aliases["mine"] = "glm-5.3";
        _options.Aliases["mine-*"] = "glm-5.3";
        Assert.Equal(word, Aliases().WordFor(name));
    }

    [Theory]
    [InlineData("gpt-oss-120b", true)]
    [InlineData("target-1", true)]
    [InlineData("target-2", true)]
    [InlineData("mine", false)]
    [InlineData("my-secret", false)]
    public void IsKnown_NamesThatCallersMakeUp_AreNot(string model, bool isKnown)
    {
        _options.Aliases["mine"] = "target-1";
        _options.DefaultModels.Chat = "target-2";
        Assert.Equal(isKnown, Aliases().IsKnown(model));
    }

    [Theory]
    [InlineData("a", true)]
    [InlineData("claude-sonnet-4@20250514", true)]
    [InlineData("us.anthropic.claude-v1:0", true)]
    [InlineData("a/..b", true)]
    [InlineData("", false)]
    [InlineData("a/..", false)]
    [InlineData("./a", false)]
    [InlineData("a\\b", false)]
    [InlineData("a?b", false)]
    [InlineData("ä", false)]
    public void IsValid_NameOfAModel_HasNoOtherCharactersAndNoDotSegments(string name, bool isValid) => Assert.Equal(isValid, ModelNames.IsValid(name));

    [Fact]
    public void IsValid_LongName_IsNot() => Assert.Equal((true, false), (ModelNames.IsValid(new string('a', 128)), ModelNames.IsValid(new string('a', 129))));

    private ModelAliases Aliases() => new(new AliasTable(_options, _gone.Add), EditTesting.Models, new FixedEmbeddings());
}
