using Privatemode.AI.Pipeline.Answers;

namespace Privatemode.AI.Pipeline.Calls;

/// <summary>An answer as it comes from the network.</summary>
/// <param name="Head">Status and headers.</param>
/// <param name="Body">The body, not yet read.</param>
/// <param name="IsBuffered">The caller wants even an event stream in memory.</param>
internal readonly record struct CarriedAnswer(AnswerHead Head, Stream Body, bool IsBuffered);
