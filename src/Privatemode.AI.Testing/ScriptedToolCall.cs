namespace Privatemode.AI.Testing;

/// <summary>One tool call of a scripted answer; an empty id is left out on the wire, and the type with it.</summary>
internal sealed record ScriptedToolCall(string Id, string Name, string Arguments);
