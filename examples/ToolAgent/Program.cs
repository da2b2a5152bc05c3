using Examples;
using Microsoft.Extensions.AI;

// An agent loop: runs the tools that the model calls until it has an answer. Needs only Microsoft.Extensions.AI.Abstractions.
await using Example example = await Example.StartAsync(model => model
    .ReplyWithToolCall("list_rooms", """{"floor":2}""")
    .Then.ReplyWithToolCall("book_room", """{"room":"2.14","hour":15}""")
    .Then.Reply("Room 2.14 is yours at three o'clock."));
IChatClient chat = example.Client.AsIChatClient("gpt-oss-120b");

AIFunction[] tools =
[
    AIFunctionFactory.Create((int floor) => $"{floor}.03 (4 seats), {floor}.14 (10 seats)", "list_rooms", "The free rooms of a floor."),
    AIFunctionFactory.Create((string room, int hour) => $"{room} is booked at {hour}:00", "book_room", "Books a room."),
];
List<ChatMessage> history =
[
    new(ChatRole.System, "You book meeting rooms. Look at what is free before you book."),
    new(ChatRole.User, "We are eight people and want to meet at three, second floor."),
];

for (int round = 0; ; round++)
{
    if (round == 10)
    {
        Console.WriteLine("No answer after ten rounds of tools.");
        break;
    }

    ChatResponse answer = await chat.GetResponseAsync(history, new() { Tools = [.. tools] });
    history.AddMessages(answer);
    FunctionCallContent[] calls = [.. answer.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>()];
    if (calls.Length == 0)
    {
        Console.WriteLine(answer.Text);
        break;
    }

    // A call whose arguments were cut off is informational: it must not run, and the next request tells the model.
    foreach (FunctionCallContent call in calls.Where(call => !call.InformationalOnly))
    {
        AIFunction? tool = tools.FirstOrDefault(tool => tool.Name == call.Name);
        object? result = tool is null ? "Error: there is no such tool." : await tool.InvokeAsync(new(call.Arguments));
        Console.WriteLine($"{call.Name}({string.Join(", ", call.Arguments?.Values ?? [])}) -> {result}");
        history.Add(new ChatMessage(ChatRole.Tool, [new FunctionResultContent(call.CallId, result)]));
    }
}
