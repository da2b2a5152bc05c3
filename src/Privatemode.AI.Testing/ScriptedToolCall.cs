namespace Privatemode.AI.Testing;

/// <summary>One tool call of a scripted answer. If the ID is empty, neither the ID nor the type is sent.</summary>
internal sealed record ScriptedToolCall(string Id, string Name, string Arguments);
