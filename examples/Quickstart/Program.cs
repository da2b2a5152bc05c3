using Microsoft.Extensions.AI;
using Privatemode.AI;
using Privatemode.AI.Testing;

// With an API key, this example uses the real service; without one, a test deployment in this process.
string? apiKey = Environment.GetEnvironmentVariable(PrivatemodeOptions.ApiKeyEnvironmentVariable);
await using PrivatemodeTestDeployment? deployment = !string.IsNullOrEmpty(apiKey) ? null : await PrivatemodeTestDeployment.StartAsync(
    new() { BeforeStreamEvent = async (_, stop) => await Task.Delay(25, stop) });
_ = deployment?.Model.ReplyWithToolCall("get_weather", """{"city":"Bochum"}""").WithReasoning("The user asks about rain. I look at the weather first.")
    .Then.Reply("No. It is 21 degrees in Bochum and the sky is clear.").WithReasoning("Clear sky: no umbrella.");
try
{
    await using PrivatemodeClient privatemode = deployment?.CreateClient() ?? new PrivatemodeClient(apiKey!);
    Console.WriteLine(deployment is null
        ? "This is the Privatemode service. Your API key is used."
        : "This is a local test deployment with a scripted model. It proves nothing about real hardware.");
    Console.Write("Verifying the deployment ... ");
    VerifiedDeployment report = await privatemode.VerifyAsync();
    Console.WriteLine("verified.");
    Console.WriteLine($"  hardware     {report.Tee} {report.AmdProduct}");
    Console.WriteLine($"  manifest     {report.ManifestSha256}");
    Console.WriteLine($"  checks       {report.Checks.Count(check => check.Outcome == VerificationOutcome.Passed)} passed, {report.Warnings.Count} warnings");
    Console.WriteLine($"  valid until  {report.ValidUntil:u}");
    await privatemode.ConnectAsync(); // agrees on a key; otherwise, the first call does

    // From here on, the code uses Microsoft.Extensions.AI only.
    IChatClient chat = privatemode.AsIChatClient("gpt-oss-120b");
    AIFunction weather = AIFunctionFactory.Create((string city) => $"{city}: 21 degrees, clear sky", "get_weather", "The weather in a city.");
    ChatOptions options = new() { Tools = [weather] };
    List<ChatMessage> history = [new(ChatRole.User, "Shall I take an umbrella in Bochum today?")];
    Console.WriteLine($"\nYou: {history[0].Text}");
    while (await AnswerAsync(chat, history, options)) { }
    foreach (RecordedRequest request in deployment?.Requests ?? [])
    {
        Console.WriteLine($"\nWhat this program wrote                      | What was on the wire ({request.PathAndQuery})");
        foreach ((char[] plain, char[] wire) in request.DecryptedBody!.Chunk(44).Zip(request.WireBodyText.Chunk(60)).Take(12))
        {
            Console.WriteLine($"{new string(plain),-44} | {new string(wire)}");
        }
    }

    Console.WriteLine(deployment is null
        ? "\nNext: docs/getting-started.md shows tools, structured output and dependency injection."
        : $"\nNext: create an API key at https://portal.privatemode.ai, set {PrivatemodeOptions.ApiKeyEnvironmentVariable}, and run this again." +
            "\nOr read docs/getting-started.md: it needs no API key.");
}
catch (PrivatemodeException exception)
{
    Console.Error.WriteLine($"\n{exception.Message}");
    Environment.ExitCode = 1;
}

// Streams one answer and runs the tools that it calls. Returns true if the results must be sent to the model.
static async Task<bool> AnswerAsync(IChatClient chat, List<ChatMessage> history, ChatOptions options)
{
    List<ChatResponseUpdate> updates = [];
    string speaker = "";
    await foreach (ChatResponseUpdate update in chat.GetStreamingResponseAsync(history, options))
    {
        updates.Add(update);
        foreach (AIContent content in update.Contents.Where(content => content is TextContent or TextReasoningContent))
        {
            string next = content is TextReasoningContent ? "\n(thinking) " : "\nModel: ";
            Console.Write((next == speaker ? "" : next) + (content is TextReasoningContent reasoning ? reasoning.Text : content));
            speaker = next;
        }
    }

    history.AddMessages(updates);
    FunctionCallContent[] calls = [.. updates.SelectMany(update => update.Contents).OfType<FunctionCallContent>()];
    foreach (FunctionCallContent call in calls)
    {
        object? result = await RunAsync(call, options.Tools!.OfType<AIFunction>().FirstOrDefault(tool => tool.Name == call.Name));
        Console.Write($"\n[{call.Name}({string.Join(", ", call.Arguments?.Values ?? [])}) -> {result}]");
        history.Add(new ChatMessage(ChatRole.Tool, [new FunctionResultContent(call.CallId, result)]));
    }

    Console.WriteLine();
    return calls.Length > 0;
}

// A model may call a tool that does not exist, or with invalid arguments. The result says so, and the model can try again.
static async Task<object?> RunAsync(FunctionCallContent call, AIFunction? tool)
{
    try
    {
        return call.Exception is null && tool is not null ? await tool.InvokeAsync(new(call.Arguments)) : "Error: no such tool, or broken arguments.";
    }
    catch (Exception exception)
    {
        return $"Error: {exception.Message}";
    }
}
