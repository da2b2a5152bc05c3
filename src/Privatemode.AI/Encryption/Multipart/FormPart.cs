namespace Privatemode.AI.Encryption.Multipart;

/// <summary>One part of a form.</summary>
/// <param name="Name">UTF-8 text of its name.</param>
/// <param name="IsFile">It carries a file name that is not empty.</param>
/// <param name="HeadStart">Where its headers begin.</param>
/// <param name="Value">Where its value lies.</param>
internal sealed record FormPart(byte[] Name, bool IsFile, int HeadStart, ValueRange Value);
