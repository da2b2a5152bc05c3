using System.CommandLine;
using System.Globalization;
using Privatemode.AI;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Commands;
using Privatemode.Tool.Services;

namespace Privatemode.Tool.Models;

/// <summary><c>privatemode models</c>: the models that the service offers.</summary>
internal static class ModelsCommand
{
    private static readonly string[] Tasks = ["generate", "tool_calling", "vision", "embed", "transcribe"];

    public static Command Create(ToolContext context)
    {
        TextFlag task = new("--task", "TASK", $"Only models with this task: {string.Join(", ", Tasks)}");
        Command command = new("models", "List the models that the service offers") { task };
        CommonOptions options = new();
        command.SetRun(options, context, async (result, output, stop) =>
        {
            string? wanted = task.Read(result);
            if (wanted is not null && !Tasks.Contains(wanted))
            {
                throw ToolException.Usage($"--task: \"{wanted}\" is not one of {string.Join(", ", Tasks)}");
            }

            await using ClientConnection connection = await ClientFactory.OpenAsync(options.Read(result, context), context);
            IReadOnlyList<ModelInfo> models = await connection.Client.Models.ListAsync(stop);
            Write([.. models.Where(model => wanted is null || model.Tasks.Contains(wanted))], output);
            return ExitCodes.Success;
        });
        return command;
    }

    private static void Write(IReadOnlyList<ModelInfo> models, Output output)
    {
        if (output.IsJson)
        {
            output.Json(json => WriteJson(models, json));
            return;
        }

        output.Table(
            ["ID", "Aliases", "Tasks"],
            models.Select(model => (IReadOnlyList<string>)[model.Id, string.Join(", ", model.Aliases), string.Join(", ", model.Tasks)]));
        output.Hint("The list comes from the service and is not authenticated.");
    }

    private static void WriteJson(IReadOnlyList<ModelInfo> models, System.Text.Json.Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("schema", "privatemode.models/1");
        json.WriteStartArray("models");
        foreach (ModelInfo model in models)
        {
            json.WriteStartObject();
            json.WriteString("id", model.Id);
            json.WriteTexts("aliases", model.Aliases);
            json.WriteTexts("tasks", model.Tasks);
            json.WriteString("ownedBy", model.OwnedBy);
            json.WriteString("createdAt", model.CreatedAt?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
