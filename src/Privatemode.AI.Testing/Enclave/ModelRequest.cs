using System.Text.Json;

namespace Privatemode.AI.Testing.Enclave;

/// <summary>The decrypted body of a request, as the model server reads it.</summary>
internal sealed class ModelRequest : IDisposable
{
    // Choices take memory, all of them.
    private const int MaxChoices = 1024;

    // Tool schemas may be nested deeper than the 64 levels of the default.
    private static readonly JsonDocumentOptions Deep = new() { MaxDepth = 1000 };

    private readonly JsonDocument _document;

    /// <exception cref="ModelServerException">The body is not a JSON object.</exception>
    public ModelRequest(string body)
    {
        try
        {
            _document = JsonDocument.Parse(body, Deep);
        }
        catch (JsonException)
        {
            throw new ModelServerException(400, "JSON decode error: the decrypted body is not JSON", ModelServerException.NotValid);
        }

        if (Root.ValueKind != JsonValueKind.Object)
        {
            _document.Dispose();
            throw new ModelServerException(400, "Input should be a valid dictionary", ModelServerException.NotValid);
        }
    }

    public JsonElement Root => _document.RootElement;

    public string Model => Root.TryGetProperty("model", out JsonElement model) && model.ValueKind == JsonValueKind.String ? model.GetString()! : "";

    public bool IsStream => Root.TryGetProperty("stream", out JsonElement stream) &&
        (stream.ValueKind == JsonValueKind.True
            || (stream.ValueKind == JsonValueKind.String && "true".Equals(stream.GetString(), StringComparison.OrdinalIgnoreCase)));

    /// <summary>The number of requested answers: <c>n</c> for each prompt.</summary>
    public int Choices => ChoicesOfEach * Prompts.Count;

    /// <summary>The prompts of a text completion; one empty text for a chat.</summary>
    public IReadOnlyList<string> Prompts => !Root.TryGetProperty("prompt", out JsonElement prompt) ? [""]
        : prompt.ValueKind == JsonValueKind.Array && prompt.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String)
            ? [.. prompt.EnumerateArray().Select(item => item.GetString()!)]
        : [prompt.ToString()];

    private int ChoicesOfEach => ReadInteger("n", MaxChoices) ?? 1;

    /// <summary>The names of the tools that the request offers.</summary>
    public IEnumerable<string> ToolNames =>
        from tool in ModelRules.Items(Root, "tools")
        let name = ModelRules.Find(ModelRules.Find(tool, "function") is { ValueKind: JsonValueKind.Object } function ? function : tool, "name")
        where name.ValueKind == JsonValueKind.String
        select name.GetString()!;

    /// <summary>Returns a string member, or null if it is absent or null.</summary>
    /// <exception cref="ModelServerException">The member has another type.</exception>
    public string? ReadText(string name) => !Root.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString()
        : throw new ModelServerException(400, $"{name}: Input should be a valid string", ModelServerException.NotValid);

    /// <summary>Returns a member that is an integer of at least 1, or null if it is absent or null.</summary>
    /// <exception cref="ModelServerException">The member has another type, is less than 1, or is greater than <paramref name="most"/>.</exception>
    public int? ReadInteger(string name, int most) => !Root.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= 1 && number <= most ? number
        : throw new ModelServerException(400, $"{name}: Input should be an integer from 1 to {most}", ModelServerException.NotValid);

    /// <summary>Returns the text before an answer: its prompt, if the request sets <c>echo</c>; otherwise empty.</summary>
    public string EchoOf(int choice) =>
        Root.TryGetProperty("echo", out JsonElement echo) && echo.ValueKind == JsonValueKind.True ? Prompts[choice / ChoicesOfEach] : "";

    /// <summary>The text of the last user message, or of the prompt.</summary>
    public string LastUserText
    {
        get
        {
            if (Root.TryGetProperty("prompt", out JsonElement prompt))
            {
                return prompt.ToString();
            }

            return Root.TryGetProperty("messages", out JsonElement messages) && messages.ValueKind == JsonValueKind.Array
                ? messages.EnumerateArray().Where(IsUser).Select(TextOf).LastOrDefault() ?? ""
                : "";
        }
    }

    public void Dispose() => _document.Dispose();

    private static bool IsUser(JsonElement message) =>
        message.ValueKind == JsonValueKind.Object && message.TryGetProperty("role", out JsonElement role)
        && role.ValueKind == JsonValueKind.String && role.ValueEquals("user");

    private static string TextOf(JsonElement message)
    {
        if (!message.TryGetProperty("content", out JsonElement content))
        {
            return "";
        }

        return content.ValueKind == JsonValueKind.Array
            ? string.Concat(content.EnumerateArray()
                .Where(part => part.ValueKind == JsonValueKind.Object && part.TryGetProperty("text", out _))
                .Select(part => part.GetProperty("text").ToString()))
            : content.ToString();
    }
}
