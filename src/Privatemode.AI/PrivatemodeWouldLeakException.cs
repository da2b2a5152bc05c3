namespace Privatemode.AI;

/// <summary>The call would have sent content in the clear. Nothing was sent; change the call.</summary>
public sealed class PrivatemodeWouldLeakException : PrivatemodeException
{
    internal PrivatemodeWouldLeakException(string refused, string message)
        : base(message) => Refused = refused;

    /// <summary>Stable name of what was refused, for example <c>unknown-endpoint</c>; never the content itself.</summary>
    public string Refused { get; }
}
