using System.Text.Json.Nodes;

namespace Privatemode.AI.Testing.Enclave;

/// <summary>Writes the elements of a document the way document extraction does, before they are encrypted.</summary>
internal static class PartitionWriter
{
    public static string Write(ScriptedAnswer answer, string? fileName) => answer.WholeDocument ?? new JsonArray([.. answer.Elements.Select((element, i) =>
        (JsonNode)new JsonObject
        {
            ["type"] = element.Type,
            ["element_id"] = $"{i:x32}",
            ["text"] = element.Text,
            ["metadata"] = new JsonObject { ["filename"] = fileName, ["page_number"] = element.PageNumber, ["languages"] = new JsonArray("eng") },
        })]).ToJsonString();
}
