namespace Privatemode.AI;

/// <summary>The service does not offer the model. Choose one of those it offers now; ids live for months, not years.</summary>
public sealed class PrivatemodeModelUnavailableException : PrivatemodeServiceException
{
    private const int MostInTheMessage = 20;

    internal PrivatemodeModelUnavailableException(PrivatemodeServiceException original, IReadOnlyList<string> availableModels)
        : base(PrivatemodeServiceFailure.ModelUnavailable, Describe(original.Message, availableModels), original.InnerException)
    {
        Status = original.Status;
        Code = original.Code;
        RetryAfter = original.RetryAfter;
        ServerMessage = original.ServerMessage;
        IsServerMessageAuthenticated = original.IsServerMessageAuthenticated;
        RequestId = original.RequestId;
        AvailableModels = availableModels;
    }

    /// <summary>Ids of the models the service lists now; empty when the list could not be had within 5 seconds. The list is not authenticated.</summary>
    public IReadOnlyList<string> AvailableModels { get; }

    private static string Describe(string message, IReadOnlyList<string> models) => models.Count == 0 ? message
        : $"{message} It lists now: {string.Join(", ", models.Take(MostInTheMessage))}{(models.Count > MostInTheMessage ? ", and more" : "")}.";
}
