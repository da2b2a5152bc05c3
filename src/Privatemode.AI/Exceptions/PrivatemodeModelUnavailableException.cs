using Privatemode.AI.Internal;

namespace Privatemode.AI;

/// <summary>The exception that is thrown when the service does not offer the model, or does not offer it for the endpoint.</summary>
/// <remarks>Choose another model. The service replaces its models, and therefore the model IDs, every few months.</remarks>
public sealed class PrivatemodeModelUnavailableException : PrivatemodeServiceException
{
    private const int MaxNamesInMessage = 20;

    /// <summary>Initializes a new instance of the <see cref="PrivatemodeModelUnavailableException"/> class.</summary>
    /// <param name="message">The error message. It must not contain prompts, answers or keys, because messages are logged.</param>
    /// <param name="innerException">The exception that caused this one, or <see langword="null"/>, the default.</param>
    /// <remarks><see cref="PrivatemodeServiceException.Reason"/> is <see cref="ServiceFailureReason.ModelUnavailable"/>, and
    /// <see cref="PrivatemodeException.ErrorType"/> is <c>model-unavailable</c>.</remarks>
    public PrivatemodeModelUnavailableException(string message, Exception? innerException = null)
        : base(ServiceFailureReason.ModelUnavailable, message, innerException)
    {
    }

    /// <summary>Gets the IDs of the models that the service offered for the task when the call failed.</summary>
    /// <value>If the list could not be retrieved within 5 seconds, the models of the last list that was retrieved, or an empty list. The list is not
    /// authenticated.</value>
    /// <remarks>For a chat, for example, these are the models that are listed with the task <c>generate</c>. If no model is listed with the task, they are all
    /// models.</remarks>
    public IReadOnlyList<string> AvailableModelIds { get; init; } = [];

    /// <summary>Creates the exception for a failure of the service, with the models that it lists.</summary>
    internal static PrivatemodeModelUnavailableException From(
        PrivatemodeServiceException original, IReadOnlyList<string> availableModels, string? task = null) =>
        new(Describe(original, availableModels, task), original.InnerException)
        {
            Status = original.Status,
            ErrorCode = original.ErrorCode,
            RetryAfter = original.RetryAfter,
            ServerMessage = original.ServerMessage,
            IsServerMessageAuthenticated = original.IsServerMessageAuthenticated,
            RequestId = original.RequestId,
            Model = original.Model,
            AvailableModelIds = availableModels,
        };

    private static string Describe(PrivatemodeServiceException original, IReadOnlyList<string> models, string? task)
    {
        string? similar = original.Model is { } wrong ? ModelIds.Suggest(wrong, models) : null;
        string message = similar is null ? original.Message : $"{original.Message} Did you mean {similar}?";
        string subject = task is null ? "Models of the service" : $"Models for the task '{task}'";
        string more = models.Count > MaxNamesInMessage ? ", and more" : "";
        return models.Count == 0 ? message : $"{message} {subject}: {string.Join(", ", models.Take(MaxNamesInMessage))}{more}.";
    }
}
