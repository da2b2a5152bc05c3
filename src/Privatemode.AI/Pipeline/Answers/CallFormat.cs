namespace Privatemode.AI.Pipeline.Answers;

/// <summary>How an adapter writes requests and reads answers, to name the member at which either failed.</summary>
/// <param name="Read">Reads a whole answer, or the data of one event, and throws if it cannot.</param>
/// <param name="FindUnwritable">The member of the request that cannot be written; null when none is found.</param>
internal sealed record CallFormat(Action<BinaryData> Read, Func<string?> FindUnwritable);
