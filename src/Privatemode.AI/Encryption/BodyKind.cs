namespace Privatemode.AI.Encryption;

/// <summary>What is sealed in a request body.</summary>
internal enum BodyKind
{
    /// <summary>A JSON object: each top-level value.</summary>
    Json,

    /// <summary>A form (multipart/form-data): each field and each file.</summary>
    Form,

    /// <summary>The whole body as one value, whatever it is.</summary>
    Whole,
}
