using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>Fills in what some model servers leave out of tool calls and OpenAI's parser or a reader needs: type, index, and an ID of its
/// own for each call.</summary>
/// <remarks>One instance per answer: it remembers which calls of which choice have begun.</remarks>
internal sealed class ToolCallNormalizer
{
    private const string Function = "function";
    private const string Arguments = "arguments";

    private readonly Dictionary<int, PartialToolCalls> _begun = [];

    /// <summary>Puts the tool calls of all choices right, if there are any.</summary>
    /// <param name="opened">The answer, or an event of it.</param>
    /// <param name="isEvent">Whether calls come in fragments, under <c>delta</c>, and not whole, under <c>message</c>.</param>
    public void Normalize(DecryptedDocument opened, bool isEvent) =>
        ChoiceEditor.EditToolCalls(opened, isEvent, (choice, calls) => Normalize(choice, calls, isEvent));

    /// <summary>Puts the tool calls of one choice right.</summary>
    /// <returns>Whether anything was changed.</returns>
    public bool Normalize(int choice, JsonArray calls, bool isEvent)
    {
        // The parser makes null of what is no object, and fails on it later.
        bool changed = calls.RemoveAll(call => call is not JsonObject) > 0;
        HashSet<string> ids = [];
        foreach (JsonObject call in calls.OfType<JsonObject>())
        {
            changed |= NormalizeFunction(call, isEvent);
            changed |= isEvent ? NormalizeFragment(call, choice) : NormalizeWhole(call, ids);
        }

        return changed;
    }

    /// <param name="call">The call.</param>
    /// <param name="ids">The IDs of the calls before it. Results are matched by ID, so no two calls may share one.</param>
    private static bool NormalizeWhole(JsonObject call, HashSet<string> ids)
    {
        bool changed = NormalizeType(call, begins: true);
        if (ChoiceEditor.TextOf(call["id"]) is not { } id || !ids.Add(id))
        {
            call["id"] = NewId();
            changed = true;
        }

        return changed;
    }

    private bool NormalizeFragment(JsonObject call, int choice)
    {
        if (!_begun.TryGetValue(choice, out PartialToolCalls? begun))
        {
            _begun[choice] = begun = new PartialToolCalls();
        }

        string? id = ChoiceEditor.TextOf(call["id"]);
        int? index = ChoiceEditor.NumberOf(call["index"]);
        JsonObject? function = call[Function] as JsonObject;
        string? arguments = ChoiceEditor.TextOf(function?[Arguments]);
        string? name = ChoiceEditor.TextOf(function?["name"]);
        PartialToolCall current = begun.Find(index, id, name, arguments, NewId, out bool begins);
        bool changed = NormalizeType(call, begins) | NormalizeId(call, id, current, begins);
        if (!begins && current.IsAllOf(id, name, arguments))
        {
            // The whole call once more: a reader that puts the pieces together would have its arguments twice.
            function![Arguments] = "";
            changed = true;
        }

        current.Append(arguments);
        if (index != current.Index)
        {
            call["index"] = current.Index;
            changed = true;
        }

        return changed;
    }

    /// <summary>The first fragment names the call; later ones name the same one or none.</summary>
    private static bool NormalizeId(JsonObject call, string? id, PartialToolCall current, bool begins)
    {
        if (id == current.Id)
        {
            return false;
        }

        if (id is null && !begins)
        {
            return call.Remove("id");
        }

        call["id"] = current.Id;
        return true;
    }

    /// <summary>Empty, null and foreign types of what is a function call become <c>function</c>.</summary>
    private static bool NormalizeType(JsonObject call, bool begins)
    {
        bool isGiven = call.TryGetPropertyValue("type", out JsonNode? type);
        bool isReadable = !isGiven ? !begins : ChoiceEditor.TextOf(type) is { } text && (text == Function || call[Function] is not JsonObject);
        if (!isReadable)
        {
            call["type"] = Function;
        }

        return !isReadable;
    }

    /// <summary>Arguments are JSON in a string. Some servers send them as JSON, or null for none.</summary>
    private static bool NormalizeFunction(JsonObject call, bool isEvent)
    {
        if (call[Function] is not JsonObject function || !function.TryGetPropertyValue(Arguments, out JsonNode? arguments) ||
            (arguments is JsonValue value && value.TryGetValue<string>(out _)))
        {
            return false;
        }

        if (arguments is null && isEvent)
        {
            return function.Remove(Arguments);
        }

        function[Arguments] = arguments?.ToJsonString() ?? "";
        return true;
    }

    private static string NewId() => "call_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12));
}
