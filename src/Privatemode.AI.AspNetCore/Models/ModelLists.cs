using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using Privatemode.AI.AspNetCore.Errors;
using Privatemode.AI.AspNetCore.Gate;

namespace Privatemode.AI.AspNetCore.Models;

/// <summary>Answers requests for models in the format of the caller: OpenAI's, Anthropic's or that of the Codex CLI.</summary>
internal sealed class ModelLists(ModelDirectory directory, AliasTable table, IOptions<PrivatemodeProxyOptions> options)
{
    private const string AnthropicPrefix = "anthropic/";
    private const int MaxNamesInMessage = 20;
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Returns the API in whose form the errors of these routes are written.</summary>
    public static ProxyDialect DialectOf(HttpRequest request) => IsAnthropic(request) ? ProxyDialect.Anthropic : ProxyDialect.OpenAI;

    /// <summary>Writes the list.</summary>
    public async Task ListAsync(HttpContext context, ProxyCaller caller)
    {
        IReadOnlyList<ModelInfo> models = await ReadAsync(context, caller).ConfigureAwait(false);
        ArrayBufferWriter<byte> output = new();
        if (IsCodex(context.Request))
        {
            CodexCatalog.Write(output, models, table.Exact, ContextWindowOf);
            context.Response.Headers.ETag = $"\"{Convert.ToHexStringLower(SHA256.HashData(output.WrittenSpan).AsSpan(0, 8))}\"";
        }
        else if (IsAnthropic(context.Request))
        {
            WriteAnthropic(output, models);
        }
        else
        {
            WriteOpenAI(output, models);
        }

        await SendAsync(context, output).ConfigureAwait(false);
    }

    /// <summary>Writes one model. Its ID is the rest of the path.</summary>
    public async Task OneAsync(HttpContext context, ProxyCaller caller)
    {
        // Only an escaped slash is still escaped here.
        string id = (context.Request.RouteValues["id"] as string ?? "").Replace("%2F", "/", StringComparison.OrdinalIgnoreCase).TrimEnd('/');
        if (id.Length == 0)
        {
            await ListAsync(context, caller).ConfigureAwait(false);
            return;
        }

        IReadOnlyList<ModelInfo> models = await ReadAsync(context, caller).ConfigureAwait(false);
        bool isAnthropic = IsAnthropic(context.Request);
        Entry? found = ModelNames.IsValid(id) ? (isAnthropic ? AnthropicEntries(models) : OpenAIEntries(models)).FirstOrDefault(entry => entry.Id == id) : null;
        if (found is null)
        {
            string offered = string.Join(", ", models.Take(MaxNamesInMessage).Select(model => model.Id));
            throw new ProxyRefusalException(ProxyError.ModelNotFound($"The service does not offer this model. It offers {offered}."));
        }

        ArrayBufferWriter<byte> output = new();
        using (Utf8JsonWriter writer = new(output, Relaxed))
        {
            Write(writer, found, isAnthropic);
        }

        await SendAsync(context, output).ConfigureAwait(false);
    }

    private static bool IsCodex(HttpRequest request) => request.Query.ContainsKey("client_version");

    private static bool IsAnthropic(HttpRequest request) => !IsCodex(request) && (request.Headers.ContainsKey("anthropic-version") ||
        request.Query.ContainsKey("limit") || request.Query.ContainsKey("after_id") || request.Query.ContainsKey("before_id"));

    private async Task<IReadOnlyList<ModelInfo>> ReadAsync(HttpContext context, ProxyCaller caller)
    {
        ModelListing listing = await directory.ListAsync(caller, context.RequestAborted).ConfigureAwait(false);
        if (listing.IsStale)
        {
            context.Response.Headers[HeaderNames.Warning] = "110 - \"Response is Stale\"";
        }

        return listing.Models;
    }

    private int ContextWindowOf(string model) =>
        options.Value.ContextWindows.TryGetValue(model, out int tokens) ? tokens : ModelProfiles.Of(model).ContextWindow;

    private void WriteOpenAI(ArrayBufferWriter<byte> output, IReadOnlyList<ModelInfo> models)
    {
        using Utf8JsonWriter writer = new(output, Relaxed);
        writer.WriteStartObject();
        writer.WriteString("object"u8, "list"u8);
        WriteData(writer, OpenAIEntries(models), isAnthropic: false);
        writer.WriteEndObject();
    }

    private void WriteAnthropic(ArrayBufferWriter<byte> output, IReadOnlyList<ModelInfo> models)
    {
        List<Entry> entries = AnthropicEntries(models);
        using Utf8JsonWriter writer = new(output, Relaxed);
        writer.WriteStartObject();
        WriteData(writer, entries, isAnthropic: true);
        writer.WriteBoolean("has_more"u8, false);
        writer.WriteString("first_id"u8, entries.FirstOrDefault()?.Id);
        writer.WriteString("last_id"u8, entries.LastOrDefault()?.Id);
        writer.WriteEndObject();
    }

    private static void WriteData(Utf8JsonWriter writer, List<Entry> entries, bool isAnthropic)
    {
        writer.WriteStartArray("data"u8);
        entries.ForEach(entry => Write(writer, entry, isAnthropic));
        writer.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter writer, Entry entry, bool isAnthropic)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, entry.Id);
        if (isAnthropic)
        {
            writer.WriteString("type"u8, "model"u8);
            writer.WriteString("display_name"u8, entry.Name);
            DateTime created = (entry.Model.CreatedAt ?? DateTimeOffset.UnixEpoch).UtcDateTime;
            writer.WriteString("created_at"u8, created.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        }
        else
        {
            writer.WriteString("object"u8, "model"u8);
            writer.WriteNumber("created"u8, entry.Model.CreatedAt?.ToUnixTimeSeconds() ?? 0);
            writer.WriteString("owned_by"u8, entry.IsAlias ? "alias" : entry.Model.OwnedBy ?? "privatemode");
            writer.WriteStartArray("tasks"u8);
            foreach (string task in entry.Model.Tasks)
            {
                writer.WriteStringValue(task);
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private List<Entry> OpenAIEntries(IReadOnlyList<ModelInfo> models) => [.. models.Select(model => new Entry(model.Id, model.Id, model)), .. Aliases(models)];

    /// <summary>Lists each chat model a second time with the prefix <c>anthropic/</c>, because Claude Code shows only models whose IDs begin with claude or
    /// anthropic.</summary>
    private List<Entry> AnthropicEntries(IReadOnlyList<ModelInfo> models)
    {
        ModelInfo[] chat = [.. models.Where(model => model.SupportsChat)];
        return
        [
            .. chat.Select(model => new Entry(model.Id, model.Id, model)), .. Aliases(chat),
            .. chat.Select(model => new Entry(AnthropicPrefix + model.Id, $"{model.Id} (Privatemode)", model)),
        ];
    }

    private IEnumerable<Entry> Aliases(IReadOnlyList<ModelInfo> models) =>
        from alias in table.Exact.OrderBy(alias => alias.Key, StringComparer.Ordinal)
        let target = models.FirstOrDefault(model => model.Id == alias.Value)
        where target is not null && !models.Any(model => model.Id == alias.Key)
        select new Entry(alias.Key, $"{alias.Key} ({target.Id}, Privatemode)", target) { IsAlias = true };

    private static async Task SendAsync(HttpContext context, ArrayBufferWriter<byte> output)
    {
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = output.WrittenCount;
        await context.Response.Body.WriteAsync(output.WrittenMemory, context.RequestAborted).ConfigureAwait(false);
    }

    private sealed record Entry(string Id, string Name, ModelInfo Model)
    {
        public bool IsAlias { get; init; }
    }
}
