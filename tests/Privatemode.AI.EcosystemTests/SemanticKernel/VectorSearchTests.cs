using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.VectorData;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.Data;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.SemanticKernel;

/// <summary>Retrieval with Semantic Kernel's text search, over a vector collection whose embeddings come from Privatemode.</summary>
public sealed class VectorSearchTests : KernelTest
{
    private static readonly Note[] Notes =
    [
        new("train", "The night train to Vienna leaves from platform 7 at 22:40."),
        new("bicycle", "Bicycles travel in the last carriage."),
        new("breakfast", "The dining car serves breakfast from six."),
    ];

    public VectorSearchTests() => ScriptAll = true;

    [Fact]
    public async Task Search_FindsTheNearestText()
    {
        (_, VectorStoreTextSearch<Note> search) = await CreateAsync();
        ITextSearch<Note> typed = search;
        KernelSearchResults<TextSearchResult> found =
            await typed.GetTextSearchResultsAsync("Where is the train?", new TextSearchOptions<Note> { Top = 1 }).OrTimeout();
        TextSearchResult result = Assert.Single(await found.Results.ToListAsync());
        Assert.Equal(("train", Notes[0].Text), (result.Name, result.Value));
        AssertSentEncrypted("Where is the train?", "Bicycles travel");
    }

    [Fact]
    public async Task Search_InATemplate_PutsTheTextsIntoThePrompt()
    {
        (Kernel kernel, VectorStoreTextSearch<Note> search) = await CreateAsync();
        ITextSearch<Note> typed = search;
        kernel.Plugins.AddFromFunctions("Search", [kernel.CreateFunctionFromMethod(
            async (string question) => string.Join('\n', await (await typed.SearchAsync(question, new() { Top = 2 })).Results.ToListAsync()), "find")]);
        FunctionResult result = await kernel.InvokePromptAsync(
            "Answer from this only: {{Search.find $question}}\n{{$question}}", new() { ["question"] = "Where is the train?" }).OrTimeout();
        Assert.Equal(Answer, result.GetValue<string>());
        Assert.Contains("platform 7", (string?)ChatBodies[0]["messages"]![0]!["content"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(KernelLayer.Loop)]
    [InlineData(KernelLayer.LoopStream)]
    [InlineData(KernelLayer.ClientLoop)]
    public async Task Search_AsAFunctionOfTheModel(KernelLayer layer)
    {
        (_, VectorStoreTextSearch<Note> search) = await CreateAsync();
        Kernel kernel = layer.Build(ModelId, Client, builder => builder.Plugins.Add(search.CreateWithGetTextSearchResults("Search")));
        ScriptCall(layer.WireName("Search", "GetTextSearchResults"), """{"query":"Where is the train?","top":1}""");
        Assert.Equal(Answer, await layer.AskAsync(kernel, "Where does it leave?"));
        Assert.Contains("platform 7", ChatBodies[1]["messages"]![2]!.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generator_OfTheKernel_HasItsModelAndDimensions()
    {
        IKernelBuilder builder = Kernel.CreateBuilder();
        builder.AddPrivatemodeEmbeddingGenerator(EmbeddingModelId, Client, 16, "vectors");
        IEmbeddingGenerator<string, Embedding<float>> generator = builder.Build().GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>("vectors");
        EmbeddingGeneratorMetadata metadata = generator.GetService<EmbeddingGeneratorMetadata>()!;
        Assert.Equal((EmbeddingModelId, 16), (metadata.DefaultModelId, metadata.DefaultModelDimensions));
        GeneratedEmbeddings<Embedding<float>> embeddings = await generator.GenerateAsync(["one", "two"]).OrTimeout();
        Assert.All(embeddings, embedding => Assert.Equal(16, embedding.Dimensions));
        Assert.Equal(16, (int)JsonNode.Parse(Deployment.Requests[0].DecryptedBody!)!["dimensions"]!);
    }

    [Fact]
    public async Task Search_WhoseEmbeddingsAreForged_EndsTheCall()
    {
        (_, VectorStoreTextSearch<Note> search) = await CreateAsync();
        Kernel kernel = KernelLayer.Loop.Build(ModelId, Client, builder => builder.Plugins.Add(search.CreateWithGetTextSearchResults("Search")));
        ScriptCall("Search-GetTextSearchResults", """{"query":"Where is the train?"}""");
        kernel.AutoFunctionInvocationFilters.Add(new Forger(() => Deployment.Faults.Inject(Testing.Fault.TamperEvent(0))));
        _ = await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => KernelLayer.Loop.AskAsync(kernel, Question));
        Assert.Single(ChatBodies);
    }

    private async Task<(Kernel Kernel, VectorStoreTextSearch<Note> Search)> CreateAsync()
    {
        Deployment.Model.SetEmbedding(Notes[0].Text, 1, 0, 0);
        Deployment.Model.SetEmbedding(Notes[1].Text, 0, 1, 0);
        Deployment.Model.SetEmbedding(Notes[2].Text, 0, 0, 1);
        Deployment.Model.SetEmbedding("Where is the train?", 0.9f, 0.3f, 0.3f);
        Kernel kernel = CreateKernel(builder => builder.AddPrivatemodeEmbeddingGenerator(EmbeddingModelId, Client));
        NoteCollection collection = new(kernel.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>());
        await collection.AddAsync(Notes).OrTimeout();
        return (kernel, new VectorStoreTextSearch<Note>(collection));
    }

    internal sealed record Note([property: TextSearchResultName] string Name, [property: TextSearchResultValue] string Text);

    /// <summary>A collection in memory: the package with Semantic Kernel's own is not on the registry.</summary>
    private sealed class NoteCollection(IEmbeddingGenerator<string, Embedding<float>> generator) : IVectorSearchable<Note>
    {
        private readonly List<(Note Note, ReadOnlyMemory<float> Vector)> _notes = [];

        public async Task AddAsync(IReadOnlyList<Note> notes) => _notes.AddRange(
            notes.Zip(await generator.GenerateAsync(notes.Select(note => note.Text)), (note, embedding) => (note, embedding.Vector)));

        public async IAsyncEnumerable<VectorSearchResult<Note>> SearchAsync<TInput>(
            TInput searchValue, int top, VectorSearchOptions<Note>? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
            where TInput : notnull
        {
            ReadOnlyMemory<float> query = await generator.GenerateVectorAsync((string)(object)searchValue, cancellationToken: cancellationToken);
            foreach ((Note note, ReadOnlyMemory<float> vector) in
                _notes.OrderByDescending(entry => TensorPrimitives.CosineSimilarity(query.Span, entry.Vector.Span)).Take(top))
            {
                yield return new VectorSearchResult<Note>(note, TensorPrimitives.CosineSimilarity(query.Span, vector.Span));
            }
        }

        public object? GetService(Type serviceType, object? serviceKey = null) => null;
    }

    private sealed class Forger(Action forge) : IAutoFunctionInvocationFilter
    {
        public Task OnAutoFunctionInvocationAsync(AutoFunctionInvocationContext context, Func<AutoFunctionInvocationContext, Task> next)
        {
            forge();
            return next(context);
        }
    }
}
