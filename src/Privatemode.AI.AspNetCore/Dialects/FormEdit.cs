using Privatemode.AI.AspNetCore.Internal;

namespace Privatemode.AI.AspNetCore.Dialects;

/// <summary>Edits the forms of transcriptions.</summary>
internal static class FormEdit
{
    /// <param name="body">The whole form.</param>
    /// <param name="boundary">Its boundary, already checked.</param>
    /// <param name="context">What the edit may know.</param>
    /// <param name="target">For the edited form.</param>
    /// <exception cref="Errors.ProxyRefusalException">The form is malformed, or asks for a format that is not served.</exception>
    public static EditResult Edit(ReadOnlyMemory<byte> body, string boundary, EditContext context, PooledBuffer target)
    {
        _ = (body, boundary, context, target);
        return new EditResult { IsChanged = false };
    }
}
