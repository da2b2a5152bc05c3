namespace Privatemode.AI.Internal;

/// <summary>A field of a form.</summary>
/// <param name="Name">Its name: letters, digits, <c>_</c>, <c>[</c> and <c>]</c>, nothing that would need quoting.</param>
/// <param name="Value">Its value, any text.</param>
internal readonly record struct FormField(string Name, string Value);
