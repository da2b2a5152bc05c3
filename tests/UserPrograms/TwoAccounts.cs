using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Privatemode.AI;

namespace UserPrograms;

/// <summary>A web application with two accounts: one for customers, one for the company's own work, each with its models and health check.</summary>
public static class TwoAccounts
{
    public static WebApplication Create(Action<PrivatemodeOptions> customers, Action<PrivatemodeOptions> company)
    {
        WebApplicationBuilder builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddPrivatemode(customers);
        builder.Services.AddPrivatemodeChatClient("gpt-oss-120b");
        RegisteredAccount companyAccount = RegisteredAccount.Keyed("company");
        builder.Services.AddKeyedPrivatemode("company", company);
        builder.Services.AddKeyedPrivatemodeChatClient("company", "gpt-oss-120b", companyAccount);
        builder.Services.AddKeyedPrivatemodeEmbeddingGenerator("company", "qwen3-embedding-4b", companyAccount);
        builder.Services.AddHealthChecks().AddPrivatemodeHealthCheck().AddPrivatemodeHealthCheck("company", companyAccount);

        WebApplication app = builder.Build();
        app.MapHealthChecks("/health");
        app.MapPost("/ask", async (HttpRequest request, IChatClient chat) => await AskAsync(request, chat));
        app.MapPost("/internal/ask", async (HttpRequest request, [FromKeyedServices("company")] IChatClient chat) => await AskAsync(request, chat));
        app.MapPost("/internal/embed", async (HttpRequest request, [FromKeyedServices("company")] IEmbeddingGenerator<string, Embedding<float>> embeddings) =>
        {
            using StreamReader reader = new(request.Body);
            return $"{(await embeddings.GenerateVectorAsync(await reader.ReadToEndAsync())).Length > 0}";
        });
        return app;
    }

    private static async Task<string> AskAsync(HttpRequest request, IChatClient chat)
    {
        using StreamReader reader = new(request.Body);
        return (await chat.GetResponseAsync(await reader.ReadToEndAsync(), cancellationToken: request.HttpContext.RequestAborted)).Text;
    }
}
