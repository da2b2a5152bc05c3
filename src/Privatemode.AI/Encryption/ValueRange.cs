namespace Privatemode.AI.Encryption;

/// <summary>Where a value lies in a buffer, in bytes.</summary>
internal readonly record struct ValueRange(int Start, int Length);
