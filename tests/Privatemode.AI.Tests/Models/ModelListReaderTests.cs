using Privatemode.AI.Models;

namespace Privatemode.AI.Tests.Models;

public sealed class ModelListReaderTests
{
    [Fact]
    public void Model_WithEverything_IsRead()
    {
        ModelInfo model = Assert.Single(Read(
            """{"id":"m","object":"model","created":1767225600,"owned_by":"privatemode","tasks":["generate","vision","new_task",7],"more":{}}"""));

        Assert.Equal(("m", "privatemode"), (model.Id, model.OwnedBy));
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1767225600), model.CreatedAt);
        Assert.Equal(["generate", "vision", "new_task"], model.Tasks);
        Assert.Equal("m", model.ToString());
    }

    [Theory]
    [InlineData("generate", "10000")]
    [InlineData("embed", "01000")]
    [InlineData("tool_calling", "00100")]
    [InlineData("vision", "00010")]
    [InlineData("transcribe", "00001")]
    [InlineData("Generate", "00000")]
    public void Tasks_HaveAQuestionEach(string task, string expected)
    {
        ModelInfo model = new() { Id = "m", Tasks = [task] };
        bool[] answers = [model.SupportsChat, model.SupportsEmbeddings, model.SupportsTools, model.SupportsVision, model.SupportsTranscription];
        Assert.Equal(expected, string.Concat(answers.Select(answer => answer ? '1' : '0')));
    }

    [Theory]
    [InlineData("""{"id":"m"}""")]
    [InlineData("""{"id":"m","tasks":"generate","created":"yesterday","owned_by":7}""")]
    [InlineData("""{"id":"m","tasks":null,"created":-1,"owned_by":null}""")]
    [InlineData("""{"id":"m","created":99999999999999}""")]
    public void Members_MissingOrOfAnotherKind_AreLeftOut(string entry)
    {
        ModelInfo model = Assert.Single(Read(entry));
        Assert.Empty(model.Tasks);
        Assert.Null(model.CreatedAt);
        Assert.Null(model.OwnedBy);
    }

    [Fact]
    public void Ids_ThatNoCallCouldName_AreLeftOut()
    {
        Assert.Equal(["a", "b"], Read("""{"id":"a"}""", """{"id":"x y"}""", """{"id":""}""", """{"id":7}""", "{}", """{"id":"a","owned_by":"other"}""",
            """{"id":"b\n"}""", """{"id":"b"}""").Select(model => model.Id));
    }

    [Fact]
    public void ShortAndLongIds_AreAliases()
    {
        IReadOnlyList<ModelInfo> models = Read(
            """{"id":"gpt-oss-120b"}""", """{"id":"openai/gpt-oss-120b"}""", """{"id":"a/other"}""", """{"id":"b/other"}""", """{"id":"my-gpt-oss-120b"}""");

        Assert.Equal(["openai/gpt-oss-120b"], models[0].Aliases);
        Assert.Equal(["gpt-oss-120b"], models[1].Aliases);
        Assert.All(models.Skip(2), model => Assert.Empty(model.Aliases));
    }

    [Theory]
    [InlineData("canary")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"data":"canary"}""")]
    [InlineData("""{"data":["canary"]}""")]
    public void Answer_ThatIsNoList_IsAServiceExceptionWithoutIt(string json)
    {
        PrivatemodeServiceException exception = Assert.Throws<PrivatemodeServiceException>(() => ModelListReader.Read(BinaryData.FromString(json)));
        Assert.DoesNotContain("canary", exception.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void List_OfAThousand_IsReadAndOfOneMoreRefused()
    {
        string[] entries = [.. Enumerable.Range(0, 1000).Select(i => $$"""{"id":"vendor-{{i}}/m"}"""), """{"id":"m"}"""];

        IReadOnlyList<ModelInfo> models = Read(entries[1..]);

        // Nobody offers a model under a thousand names; to keep them all with each would take a million.
        Assert.Equal(1000, models.Count);
        Assert.Equal("m", models[^1].Id);
        Assert.All(models, model => Assert.Equal(16, model.Aliases.Count));
        Assert.Equal("vendor-1/m", models[^1].Aliases[0]);
        PrivatemodeServiceException exception = Assert.Throws<PrivatemodeServiceException>(() => Read(entries));
        Assert.Equal(ServiceFailureReason.Other, exception.Reason);
        Assert.Contains("more than 1000 entries", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("vendor", exception.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Texts_TooLongToKeep_AreLeftOut()
    {
        string word = new('x', 128);
        ModelInfo model = Assert.Single(Read($$"""{"id":"m","owned_by":"{{word}}x","tasks":["generate","{{word}}x","{{word}}"]}"""));
        Assert.Null(model.OwnedBy);
        Assert.Equal(["generate", word], model.Tasks);
        Assert.Equal(32, Assert.Single(Read($$"""{"id":"m","tasks":[{{string.Join(',', Enumerable.Repeat("\"t\"", 33))}}]}""")).Tasks.Count);
    }

    private static IReadOnlyList<ModelInfo> Read(params string[] entries) =>
        ModelListReader.Read(BinaryData.FromString($$"""{"object":"list","data":[{{string.Join(',', entries)}}]}"""));
}
