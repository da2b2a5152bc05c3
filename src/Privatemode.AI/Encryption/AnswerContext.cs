namespace Privatemode.AI.Encryption;

/// <summary>What an exception about an answer may say: which endpoint, which request.</summary>
internal readonly record struct AnswerContext(string Endpoint, string RequestId);
