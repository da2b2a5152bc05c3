using System.Text.Json;

namespace Privatemode.AI.Testing.Enclave;

/// <summary>Checks which parts of a message a model supports.</summary>
internal static class MediaRules
{
    private static readonly string[] Texts = ["text", "input_text", "output_text", "refusal", "thinking", "tool_reference"];
    private static readonly string[] Images = ["image_url", "input_image", "image_pil", "image_embeds"];
    private static readonly string[] Sounds = ["input_audio", "audio_url", "audio_embeds"];

    /// <summary>Checks the content parts of a chat request.</summary>
    /// <exception cref="ModelServerException">The model does not support such a part.</exception>
    public static void RequireParts(ModelRequest request, IReadOnlyList<string> tasks)
    {
        foreach (string type in Types(request, "messages", "content"))
        {
            string? modality = Images.Contains(type) ? "image" : Sounds.Contains(type) ? "audio" : type == "video_url" ? "video" : null;
            if (modality is not null)
            {
                RequireVision(request.Model, tasks);
                Refuse(modality != "image", $"At most 0 {modality}(s) may be provided in one prompt.");
            }

            Refuse(modality is null && !Texts.Contains(type), $"Unknown part type: {type}");
        }
    }

    /// <summary>Checks the content blocks of a request in Anthropic's format: images need a model with vision. A source can be a URL or Base64 data; its media
    /// type is not checked before decoding.</summary>
    /// <exception cref="ModelServerException">The model does not support images.</exception>
    public static void RequireBlocks(ModelRequest request, IReadOnlyList<string> tasks)
    {
        if (Types(request, "messages", "content").Concat(Types(request, "messages", "content", "content")).Contains("image"))
        {
            RequireVision(request.Model, tasks);
        }
    }

    private static void RequireVision(string model, IReadOnlyList<string> tasks) => Refuse(!tasks.Contains("vision"), $"{model} is not a multimodal model");

    /// <summary>Returns the types of the elements at the end of a path of arrays. For gpt-oss, it returns none: the server renders the messages itself, and
    /// leaves out everything except text.</summary>
    private static IEnumerable<string> Types(ModelRequest request, params string[] path)
    {
        IEnumerable<JsonElement> parts = request.Model.Contains("gpt-oss", StringComparison.Ordinal) ? [] : [request.Root];
        return path.Aggregate(parts, (parents, name) => parents.SelectMany(parent => ModelRules.Items(parent, name)))
            .Select(part => ModelRules.Find(part, "type")).Where(type => type.ValueKind == JsonValueKind.String).Select(type => type.GetString()!);
    }

    private static void Refuse(bool isRefused, string message)
    {
        if (isRefused)
        {
            throw new ModelServerException(400, message);
        }
    }
}
