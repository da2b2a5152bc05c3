namespace Privatemode.AI.Testing;

/// <summary>An element of a scripted document.</summary>
/// <param name="Type">Its kind, for example <c>Title</c> or <c>NarrativeText</c>.</param>
/// <param name="Text">Its text.</param>
/// <param name="Page">The page it is on, from 1.</param>
public sealed record ScriptedElement(string Type, string Text, int Page = 1);
