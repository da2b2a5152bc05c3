using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using AspNetChat;
using Examples;
using Microsoft.Extensions.AI;
using Privatemode.AI;
using Privatemode.AI.Testing;

// A chat page. The browser keeps the conversation and sends all of it with each message. This server sees the text and stores nothing.
WebApplicationBuilder builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
await using Example example = await Example.StartAsync(TestModel.Script, new() { BeforeStreamEvent = async (_, stop) => await Task.Delay(30, stop) });

// For example "dotnet run -- --Defect=SnpDebug" shows the page with a deployment that fails verification.
example.Deployment?.Evidence.Defect = EvidenceDefect.FromName(builder.Configuration["Defect"] ?? "None");

builder.Services.AddPrivatemode(options => example.Deployment?.ConfigureClient(options));
builder.Services.AddPrivatemodeChatClient("gpt-oss-120b");
builder.Services.AddOutputCache();
builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = 1 << 20);
await using WebApplication app = builder.Build();

// The page may load its own files only, and no text can become HTML or a script.
app.Use((context, next) =>
{
    context.Response.Headers.ContentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
    context.Response.Headers.XContentTypeOptions = "nosniff";
    context.Response.Headers["Referrer-Policy"] = "no-referrer";
    context.Response.Headers.CacheControl = "no-cache";
    return next(context);
});
app.UseFileServer();
app.UseOutputCache();
app.MapPost("/chat", (Turn[] turns, IChatClient chat, CancellationToken stop) => TypedResults.ServerSentEvents(AnswerAsync(turns, chat, stop)));

// Each verification asks the service for new evidence: all browsers share one report a minute. A failure is not cached.
app.MapGet("/verification", VerifyAsync).CacheOutput(cache => cache.Expire(TimeSpan.FromMinutes(1)));

if (!args.Contains("--once"))
{
    await app.RunAsync();
    return;
}

// Lets the build run the example: start, load the page, verify, send one message, print the answer, stop.
app.Urls.Add("http://127.0.0.1:0");
await app.StartAsync();
using HttpClient browser = new() { BaseAddress = new Uri(app.Urls.First()) };
foreach (string file in (string[])["/", "/chat.css", "/chat.js", "/badge.js", "/icon.svg"])
{
    Console.WriteLine($"{file}: {(await browser.GetStringAsync(file)).Length} characters");
}

JsonElement verification = await browser.GetFromJsonAsync<JsonElement>("/verification");
Console.WriteLine($"Manifest: {verification.GetProperty("report").GetProperty("manifestSha256")}");
using HttpResponseMessage answer = await browser.PostAsJsonAsync("/chat", (Turn[])[new(FromUser: true, "Who are you?")]);
Console.WriteLine(await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync());
await app.StopAsync();

// The events of an answer: "text" for each part, then either "done" or "problem".
async IAsyncEnumerable<SseItem<object>> AnswerAsync(Turn[] turns, IChatClient chat, [EnumeratorCancellation] CancellationToken stop)
{
    ChatMessage[] messages = [new(ChatRole.System, "Answer in plain text, without Markdown."), .. turns.Select(turn => turn.ToMessage())];
    await using IAsyncEnumerator<ChatResponseUpdate> updates = chat.GetStreamingResponseAsync(messages, cancellationToken: stop).GetAsyncEnumerator(stop);
    Problem? problem = null;
    while (problem is null)
    {
        try
        {
            if (!await updates.MoveNextAsync())
            {
                break;
            }
        }
        catch (PrivatemodeException exception)
        {
            app.Logger.LogError(exception, "An answer failed.");
            problem = Problem.From(exception);
            continue;
        }

        // Reasoning has no text here. A refusal is an error content.
        string text = updates.Current.Text + string.Concat(updates.Current.Contents.OfType<ErrorContent>().Select(refusal => refusal.Message));
        yield return new SseItem<object>(new { text }, "text");
    }

    yield return new SseItem<object>(problem ?? new object(), problem is null ? "done" : "problem");
}

async Task<IResult> VerifyAsync(PrivatemodeClient client, CancellationToken stop)
{
    bool isTest = example.Deployment is not null;
    try
    {
        VerifiedDeployment report = await client.VerifyAsync(stop);
        return Results.Json(new { isTest, report = JsonElement.Parse(report.ToJson()) });
    }
    catch (PrivatemodeException exception)
    {
        app.Logger.LogError(exception, "The verification failed.");
        return Results.Json(new { isTest, problem = Problem.From(exception) }, statusCode: StatusCodes.Status503ServiceUnavailable);
    }
}

internal readonly record struct Turn(bool FromUser, string? Text)
{
    public ChatMessage ToMessage() => new(FromUser ? ChatRole.User : ChatRole.Assistant, Text);
}
