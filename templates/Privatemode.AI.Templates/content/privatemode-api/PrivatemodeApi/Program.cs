using Microsoft.Extensions.AI;
using PrivatemodeApi;

WebApplicationBuilder builder = WebApplication.CreateBuilder(args);

// Reads the section "Privatemode" of the configuration, and the API key from Privatemode:ApiKey or the environment variable PRIVATEMODE_API_KEY.
builder.Services.AddPrivatemode();
builder.Services.AddPrivatemodeChatClient("gpt-oss-120b");
builder.Services.AddHealthChecks().AddPrivatemodeHealthCheck();

WebApplication app = builder.Build();

// 200 if the deployment is verified, 503 otherwise: for a readiness probe.
app.MapHealthChecks("/readyz");

// This server receives the question as its caller sends it, encrypts it, and streams the answer as server-sent events.
app.MapPost("/chat", (Question question, IChatClient chat, ILogger<Question> logger, CancellationToken cancellationToken) =>
    string.IsNullOrWhiteSpace(question.Text)
        ? Results.BadRequest("\"text\" is empty.")
        : Results.ServerSentEvents(ChatEvents.AnswerAsync(chat, question.Text, logger, cancellationToken)));

app.Run();
