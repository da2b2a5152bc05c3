using System.Numerics.Tensors;
using Examples;
using Microsoft.Extensions.AI;
using Microsoft.SemanticKernel;
using Privatemode.AI.SemanticKernel;

// Retrieval in a prompt template: a function of the kernel finds the text that is closest to the question, and the template inserts it into the prompt.
await using Example example = await Example.StartAsync(model =>
{
    // Without an API key, the vectors of the texts, that of the question, and the answer are these.
    model.ReplyWithEmbeddings([1, 0, 0], [0, 1, 0], [0, 0, 1]).Then.ReplyWithEmbeddings([0.9f, 0.3f, 0.1f]);
    model.Reply("The night train leaves from platform 7.");
});

IKernelBuilder builder = Kernel.CreateBuilder();
builder.AddPrivatemodeChatCompletion("gpt-oss-120b", example.Client);
builder.AddPrivatemodeEmbeddingGenerator("qwen3-embedding-4b", example.Client);
Kernel kernel = builder.Build();

string[] texts =
[
    "The night train to Vienna leaves from platform 7 at 22:40.",
    "Bicycles travel in the last carriage and need a ticket of their own.",
    "The dining car serves breakfast from six.",
];
IEmbeddingGenerator<string, Embedding<float>> embed = kernel.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>();
GeneratedEmbeddings<Embedding<float>> vectors = await embed.GenerateAsync(texts);
kernel.Plugins.AddFromFunctions("Search", [kernel.CreateFunctionFromMethod(FindAsync, "find")]);

FunctionResult answer = await kernel.InvokePromptAsync(
    "Answer from this text only: {{Search.find $question}}\n\n{{$question}}",
    new KernelArguments { ["question"] = "Where does the night train to Vienna leave?" });
Console.WriteLine($"{answer}\n\n{answer.GetPrivatemodeReceipt()}");

async Task<string> FindAsync(string question)
{
    ReadOnlyMemory<float> query = await embed.GenerateVectorAsync(question);
    return texts.Zip(vectors).MaxBy(pair => TensorPrimitives.CosineSimilarity(query.Span, pair.Second.Vector.Span)).First;
}
