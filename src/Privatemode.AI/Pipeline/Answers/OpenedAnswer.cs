namespace Privatemode.AI.Pipeline.Answers;

/// <summary>An answer as the caller gets it.</summary>
/// <param name="Content">Opened body: in memory, or a stream of events as they come.</param>
/// <param name="Error">What an answer of status 400 or more says; null for a success.</param>
internal readonly record struct OpenedAnswer(Stream Content, ServiceError? Error);
