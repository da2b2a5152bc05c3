using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Privatemode.AI;

namespace UserPrograms;

/// <summary>Code that speaks Anthropic's messages over an HTTP client, with the handler below it: made by hand, and by the HTTP client factory.</summary>
public static class MessagesOverHttp
{
    public static async Task<string> RunAsync(PrivatemodeClient privatemode, Uri endpoint)
    {
        using HttpClient http = new(privatemode.CreateHandler()) { BaseAddress = endpoint };
        return await AskAsync(http);
    }

    public static async Task<string> RunAsync(IServiceCollection services, Uri endpoint)
    {
        services.AddHttpClient("messages", client => client.BaseAddress = endpoint).UsePrivatemodeHandler();
        await using ServiceProvider provider = services.BuildServiceProvider();
        using HttpClient http = provider.GetRequiredService<IHttpClientFactory>().CreateClient("messages");
        return await AskAsync(http);
    }

    private static async Task<string> AskAsync(HttpClient http)
    {
        using HttpResponseMessage response = await http.PostAsJsonAsync("/v1/messages", new
        {
            model = "gpt-oss-120b",
            max_tokens = 100,
            messages = new[] { new { role = "user", content = "What is X-Wing?" } },
        });
        response.EnsureSuccessStatusCode();
        EncryptionReceipt receipt = response.GetPrivatemodeReceipt() ?? throw new InvalidOperationException("The handler is missing.");
        using JsonDocument message = JsonDocument.Parse(await response.Content.ReadAsStreamAsync());
        return $"{message.RootElement.GetProperty("content")[0].GetProperty("text").GetString()} ({receipt.RequestId.Length > 0})";
    }
}
