namespace Privatemode.AI.Testing;

/// <summary>Token counts of a scripted answer.</summary>
internal sealed record ScriptedUsage(int Input, int Output, int Cached, int Reasoning);
