namespace Privatemode.AI;

/// <summary>The exception that is thrown when the service does not offer the model, or does not offer it for the endpoint. Choose another model; IDs are
/// valid for months, not years.</summary>
public sealed class PrivatemodeModelUnavailableException : PrivatemodeServiceException
{
    private const int MostInTheMessage = 20;

    internal PrivatemodeModelUnavailableException(PrivatemodeServiceException original, IReadOnlyList<string> availableModels, string? task = null)
        : base(ServiceFailureReason.ModelUnavailable, Describe(original.Message, availableModels, task), original.InnerException)
    {
        Status = original.Status;
        Code = original.Code;
        RetryAfter = original.RetryAfter;
        ServerMessage = original.ServerMessage;
        IsServerMessageAuthenticated = original.IsServerMessageAuthenticated;
        RequestId = original.RequestId;
        AvailableModels = availableModels;
    }

    /// <summary>Gets the IDs of the models that the service lists now; empty if the list could not be retrieved within 5 seconds. The list is not
    /// authenticated.</summary>
    /// <remarks>If the model exists but does not do the task, for example because an embedding model was asked to chat, these are the models that are
    /// listed with the task, or all models if none is.</remarks>
    public IReadOnlyList<string> AvailableModels { get; }

    private static string Describe(string message, IReadOnlyList<string> models, string? task)
    {
        string subject = task is null ? "Models of the service" : $"Models for the task '{task}'";
        string more = models.Count > MostInTheMessage ? ", and more" : "";
        return models.Count == 0 ? message : $"{message} {subject}: {string.Join(", ", models.Take(MostInTheMessage))}{more}.";
    }
}
