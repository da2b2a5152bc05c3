using Microsoft.Extensions.AI;
#if (testDeployment)
using Privatemode.AI;
using Privatemode.AI.Testing;
#endif
using PrivatemodeApi;

WebApplicationBuilder builder = WebApplication.CreateBuilder(args);

// Reads the section "Privatemode" of the configuration, and the API key from Privatemode:ApiKey or the environment variable PRIVATEMODE_API_KEY. On your
// machine, store the key with "dotnet user-secrets set Privatemode:ApiKey YOUR-KEY" in the folder of this project.
builder.Services.AddPrivatemode();
builder.Services.AddPrivatemodeChatClient("gpt-oss-120b");
builder.Services.AddHealthChecks().AddPrivatemodeHealthCheck();
#if (testDeployment)

// A local test deployment whose model repeats the question. For the service, remove these two statements and the package Privatemode.AI.Testing, and set the
// API key.
await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
builder.Services.PostConfigureAll<PrivatemodeOptions>(deployment.ConfigureClient);
#endif

WebApplication app = builder.Build();

// 200 if the deployment is verified, 503 otherwise: for a readiness probe.
app.MapHealthChecks("/readyz");

// This server receives the question as its caller sends it, encrypts it, and streams the answer as server-sent events.
app.MapPost("/chat", (Question question, IChatClient chat, ILogger<Question> logger, CancellationToken cancellationToken) =>
    string.IsNullOrWhiteSpace(question.Text)
        ? Results.BadRequest("\"text\" is empty.")
        : Results.ServerSentEvents(ChatEvents.AnswerAsync(chat, question.Text, logger, cancellationToken)));

app.Run();
