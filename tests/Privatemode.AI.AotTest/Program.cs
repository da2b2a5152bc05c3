using System.Text.Json;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Privatemode.AI;
using Privatemode.AI.Testing;

// Every part a trimmed application uses, once; a non-zero exit code or a missing line fails the check.
await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
deployment.Model.Reply("trimmed").WithReasoning("thinking").WithToolCall("get_weather", """{"city":"Bochum"}""").Then.Reply("streamed, trimmed");
await using PrivatemodeClient client = deployment.CreateClient();
IChatClient chat = client.AsIChatClient("gpt-oss-120b");

using JsonDocument schema = JsonDocument.Parse("""{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}""");
ChatOptions options = new()
{
    Temperature = 0.5f,
    TopK = 3,
    Reasoning = new ReasoningOptions { Effort = ReasoningEffort.Low },
    ResponseFormat = ChatResponseFormat.ForJsonSchema(schema.RootElement, "answer"),
    Tools = [AIFunctionFactory.CreateDeclaration("get_weather", "Weather.", schema.RootElement)],
    AdditionalProperties = new() { ["strict"] = true, ["min_p"] = 0.1, ["chat_template_kwargs"] = new Dictionary<string, object?> { ["on"] = true } },
};
ChatResponse response = await chat.GetResponseAsync("hello", options);
FunctionCallContent call = response.Messages[0].Contents.OfType<FunctionCallContent>().Single();
Require(response.Text == "trimmed" && call.Arguments!["city"]!.ToString() == "Bochum", "unary chat");
Require(response.Messages[0].Contents.OfType<TextReasoningContent>().Single().Text == "thinking", "reasoning");

List<ChatMessage> history = [new(ChatRole.User, "hello"), .. response.Messages, new(ChatRole.Tool, [new FunctionResultContent(call.CallId, 21.5)])];
Require((await chat.GetStreamingResponseAsync(history).ToChatResponseAsync()).Text == "streamed, trimmed", "streamed chat");
Require((await client.OpenAI.GetEmbeddingClient("qwen3-embedding-4b").GenerateEmbeddingAsync("text")).Value.ToFloats().Length == 256, "embeddings");
Require((await client.OpenAI.GetOpenAIModelClient().GetModelsAsync()).Value.Count == 8, "models");
GeneratedEmbeddings<Embedding<float>> vectors = await client.AsIEmbeddingGenerator("qwen3-embedding-4b", 8).GenerateAsync(
    ["one", "two"], new TextEmbeddingOptions { MaxBatchSize = 1, QueryInstruction = "task", AdditionalProperties = new() { ["extra"] = 1 } });
Require(vectors.Count == 2 && vectors[1].Vector.Length == 8 && vectors.GetPrivatemodeReceipts().Count == 2, "embedding generator");
Require((await client.Models.FindAsync("gpt-oss-120b"))!.SupportsTools, "model catalogue");
TextCompletionClient completions = client.GetTextCompletionClient("gpt-oss-120b");
TextCompletionRequest code = new("def f(") { TopLogProbabilityCount = 0, AdditionalProperties = new() { ["top_k"] = 1 } };
Require((await completions.CompleteAsync(code)).Choices[0].LogProbabilities is not null, "completions");
string streamed = "";
await foreach (TextCompletion part in completions.CompleteStreamingAsync(code))
{
    streamed += part.Text;
}

Require(streamed == "You said: def f(", "streamed completions");

IConfiguration settings = new ConfigurationBuilder().AddInMemoryCollection([new("Privatemode:PromptCache:Scope", "PerClient")]).Build();
IServiceCollection collection = new ServiceCollection().AddPrivatemode(settings.GetSection("Privatemode"), deployment.ConfigureClient);
_ = collection.AddPrivatemodeChatClient("gpt-oss-120b");
await using ServiceProvider services = collection.BuildServiceProvider();
Require((await services.GetRequiredService<IChatClient>().GetResponseAsync("hello")).Text == "You said: hello", "dependency injection");
deployment.Faults.Inject(Fault.TamperEvent(1));
Require(await ThrowsAsync<PrivatemodeIntegrityException>(() => chat.GetStreamingResponseAsync("hi").ToChatResponseAsync()), "integrity");
Require(await ThrowsAsync<PrivatemodeWouldLeakException>(() => client.OpenAI.GetModerationClient("m").ClassifyTextAsync("hi")), "allow-list");
Console.WriteLine("trimmed application: all checks passed");
return 0;

static void Require(bool condition, string what)
{
    if (!condition)
    {
        throw new InvalidOperationException($"{what} does not work when trimmed");
    }
}

static async Task<bool> ThrowsAsync<TException>(Func<Task> call)
    where TException : Exception
{
    try
    {
        await call();
        return false;
    }
    catch (TException)
    {
        return true;
    }
}
