using System.Text.Json;
using System.Text.Json.Serialization;
using Examples;
using Microsoft.Extensions.AI;

// Sends a JSON schema of a type with the request, encrypted, and deserializes the answer into that type.
await using Example example = await Example.StartAsync(model => model
    .Reply("""{"sender":"Bochum Waterworks","amount":84.20,"currency":"EUR","dueOn":"2026-12-01"}"""));
IChatClient chat = example.Client.AsIChatClient("gpt-oss-120b");

JsonElement schema = AIJsonUtilities.CreateJsonSchema(typeof(Invoice), serializerOptions: InvoiceJson.Default.Options);
ChatOptions options = new()
{
    ResponseFormat = ChatResponseFormat.ForJsonSchema(schema, "invoice", "What matters in an invoice"),

    // Some models write white space up to the token limit unless the prompt asks for JSON.
    Instructions = "Answer with JSON.",
    FrequencyPenalty = 0.1f,
    MaxOutputTokens = 500,
};

ChatResponse answer = await chat.GetResponseAsync("Bochum Waterworks asks for 84.20 euros until 1 December 2026.", options);
Invoice invoice = JsonSerializer.Deserialize(answer.Text, InvoiceJson.Default.Invoice)!;
Console.WriteLine($"{invoice.Sender}: {invoice.Amount} {invoice.Currency}, due on {invoice.DueOn:d MMMM yyyy}");

internal sealed record Invoice(string Sender, decimal Amount, string Currency, DateOnly DueOn);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Invoice))]
internal sealed partial class InvoiceJson : JsonSerializerContext;
