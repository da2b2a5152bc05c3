namespace Privatemode.AI.Encryption.Json;

/// <summary>A part of a text and what comes in its place.</summary>
/// <param name="Start">Where it begins.</param>
/// <param name="Length">How many bytes it has.</param>
/// <param name="Text">What comes in its place; empty to remove it.</param>
internal readonly record struct Replacement(int Start, int Length, byte[] Text);
