using Microsoft.Extensions.AI;
using Privatemode.AI;
#if (testDeployment)
using Privatemode.AI.Testing;
#endif

try
{
#if (testDeployment)
    // A local test deployment with a scripted model: it calls the tool, answers, and then repeats what you write. For the service, replace these three
    // statements by "await using PrivatemodeClient privatemode = new();", remove the package Privatemode.AI.Testing, and set PRIVATEMODE_API_KEY.
    await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
    deployment.Model.ReplyWithToolCall("get_local_time", "{}").Then.Reply("I have looked at your clock. Ask me something else.");
    await using PrivatemodeClient privatemode = deployment.CreateClient();
#else
    // Reads the API key from the environment variable PRIVATEMODE_API_KEY. The first question verifies the deployment before anything is sent to it.
    await using PrivatemodeClient privatemode = new();
#endif
    using IChatClient chat = privatemode.AsIChatClient("gpt-oss-120b").AsBuilder().UseFunctionInvocation().Build();

    // The model can call this function. It runs in this process, and its result is sent encrypted.
    AIFunction clock = AIFunctionFactory.Create(() => DateTimeOffset.Now.ToString("f"), "get_local_time", "Returns the date and the time of day of the user.");
    ChatOptions options = new() { Tools = [clock] };
    List<ChatMessage> history = [new(ChatRole.System, "You are a helpful assistant. Answer briefly.")];

    Console.WriteLine("Write a message. An empty line ends the chat.");
    while (ReadMessage() is { Length: > 0 } message)
    {
        history.Add(new ChatMessage(ChatRole.User, message));
        List<ChatResponseUpdate> updates = [];
        try
        {
            await foreach (ChatResponseUpdate update in chat.GetStreamingResponseAsync(history, options))
            {
                Console.Write(update.Text);
                updates.Add(update);
            }

            Console.WriteLine();
            history.AddMessages(updates);
        }
        catch (PrivatemodeServiceException exception) when (exception is not PrivatemodeModelUnavailableException)
        {
            // For example a rate limit. The message was not answered, and the chat continues without it.
            Console.Error.WriteLine(exception.Message);
            history.RemoveAt(history.Count - 1);
        }
    }

    return 0;
}
catch (PrivatemodeException exception)
{
    // The message says what to do, for example to set an API key. If the deployment could not be verified, it received no readable content.
    Console.Error.WriteLine(exception.Message);
    return 1;
}

static string? ReadMessage()
{
    Console.Write("> ");
    return Console.ReadLine();
}
