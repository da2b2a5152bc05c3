using Examples;
using Microsoft.Extensions.AI;

// A minimal API that streams an answer to a browser page. This server receives the prompt as the browser sends it, and sends it on encrypted.
await using Example example = await Example.StartAsync(model => model.Reply("Hello from\ninside the enclave."));
WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
builder.Services.AddPrivatemode(options => example.Deployment?.ConfigureClient(options));
builder.Services.AddPrivatemodeChatClient("gpt-oss-120b");
await using WebApplication app = builder.Build();

app.MapGet("/", () => Results.Content(Page.Html, "text/html"));
app.MapPost("/chat", (Question question, IChatClient chat, CancellationToken stop) => TypedResults.ServerSentEvents(Answer(question, chat, stop)));

if (!args.Contains("--once"))
{
    await app.RunAsync();
    return;
}

// Lets the build run the example: start, send one request, print the answer, stop.
app.Urls.Add("http://127.0.0.1:0");
await app.StartAsync();
using HttpClient browser = new() { BaseAddress = new Uri(app.Urls.First()) };
Console.WriteLine($"The page has {(await browser.GetStringAsync("/")).Length} characters.");
using HttpResponseMessage answer = await browser.PostAsJsonAsync("/chat", new Question("Who are you?"));
Console.WriteLine(await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync());
await app.StopAsync();

static async IAsyncEnumerable<string> Answer(
    Question question, IChatClient chat, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
{
    await foreach (ChatResponseUpdate update in chat.GetStreamingResponseAsync(question.Text, cancellationToken: stop))
    {
        yield return update.Text;
    }
}

internal sealed record Question(string Text);

internal static class Page
{
    public const string Html = """
        <!doctype html><meta charset="utf-8"><title>Privatemode</title>
        <form><input name="text" size="60" autofocus><button>Ask</button></form><pre></pre>
        <script>
          document.forms[0].onsubmit = async event => {
            event.preventDefault();
            const body = JSON.stringify({ text: event.target.text.value });
            const answer = await fetch("/chat", { method: "POST", headers: { "Content-Type": "application/json" }, body });
            const out = document.querySelector("pre"); out.textContent = ""; let rest = "";
            try {
              for await (const part of answer.body.pipeThrough(new TextDecoderStream())) {
                const events = (rest + part).split("\n\n"); rest = events.pop();
                for (const event of events) out.textContent += event.split("\n").map(line => line.replace(/^data: ?/, "")).join("\n");
              }
            } catch { out.textContent += " (broken off)"; }
          };
        </script>
        """;
}
