using System.Numerics.Tensors;
using Examples;
using Microsoft.Extensions.AI;
using Privatemode.AI;

// Retrieval: creates embeddings of the texts and the question, and sends the closest text with the question. Everything is sent encrypted.
await using Example example = await Example.StartAsync(model =>
{
    // Without an API key, the vectors of the texts, that of the question, and the answer are these.
    model.ReplyWithEmbeddings([1, 0, 0], [0, 1, 0], [0, 0, 1]).Then.ReplyWithEmbeddings([0.9f, 0.3f, 0.1f]);
    model.Reply("The night train leaves from platform 7.");
});
IEmbeddingGenerator<string, Embedding<float>> embed = example.Client.AsIEmbeddingGenerator("qwen3-embedding-4b");
IChatClient chat = example.Client.AsIChatClient("gpt-oss-120b");

string[] texts =
[
    "The night train to Vienna leaves from platform 7 at 22:40.",
    "Bicycles travel in the last carriage and need a ticket of their own.",
    "The dining car serves breakfast from six.",
];
GeneratedEmbeddings<Embedding<float>> vectors = await embed.GenerateAsync(texts);

// The model expects an instruction in front of a question, but none in front of a text.
const string Question = "Where does the night train to Vienna leave?";
TextEmbeddingOptions asQuery = new() { QueryInstruction = "Given a question, retrieve passages that answer it" };
ReadOnlyMemory<float> query = (await embed.GenerateAsync([Question], asQuery))[0].Vector;

(string Text, float Similarity)[] found = [.. texts
    .Zip(vectors, (text, vector) => (text, TensorPrimitives.CosineSimilarity(query.Span, vector.Vector.Span)))
    .OrderByDescending(hit => hit.Item2)];
foreach ((string text, float similarity) in found)
{
    Console.WriteLine($"{similarity,6:F3}  {text}");
}

ChatResponse answer = await chat.GetResponseAsync($"Answer from this text only: {found[0].Text}\n\n{Question}");
Console.WriteLine($"\n{answer.Text}\n\n{vectors.GetPrivatemodeReceipt()}");
