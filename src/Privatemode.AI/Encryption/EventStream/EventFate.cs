namespace Privatemode.AI.Encryption.EventStream;

/// <summary>What becomes of an event that was opened and found good.</summary>
internal enum EventFate
{
    /// <summary>It goes to the caller.</summary>
    Pass,

    /// <summary>It goes nowhere: nothing in it is authentic, and nobody needs it.</summary>
    Drop,

    /// <summary>It goes to the caller and is the last one.</summary>
    End,
}
