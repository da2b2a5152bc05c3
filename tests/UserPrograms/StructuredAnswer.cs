using Microsoft.Extensions.AI;
using Privatemode.AI;

namespace UserPrograms;

/// <summary>Reads an invoice into a type of the application.</summary>
public static class StructuredAnswer
{
    public static async Task<Invoice> RunAsync(PrivatemodeClient privatemode, string text)
    {
        ChatResponse<Invoice> response = await privatemode.AsIChatClient("gpt-oss-120b").GetResponseAsync<Invoice>($"Read this invoice: {text}");
        return response.Result;
    }

    public sealed record Invoice(string Number, decimal Total, string Currency);
}
