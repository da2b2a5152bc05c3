namespace Privatemode.AI.Encryption;

/// <summary>Outcome of opening one sealed value.</summary>
internal enum OpenResult
{
    Opened,

    /// <summary>Not of the form id:nonce:iv:ciphertext.</summary>
    Malformed,

    /// <summary>Altered, out of order, or an answer to another request.</summary>
    NotAuthentic,

    /// <summary>A value of our own request, sent back to us.</summary>
    Reflected,

    /// <summary>An earlier value of this exchange failed.</summary>
    AlreadyFailed,
}
