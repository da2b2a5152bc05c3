namespace Privatemode.AI.Encryption.Multipart;

/// <summary>Whether a form can be taken apart without doubt.</summary>
internal enum FormShape
{
    Usable,

    /// <summary>Not what every reader would understand alike.</summary>
    Malformed,

    /// <summary>More parts than <see cref="FormIndex.MaxParts"/>.</summary>
    TooManyParts,
}
