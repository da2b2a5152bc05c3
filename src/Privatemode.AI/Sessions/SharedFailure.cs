using System.Runtime.ExceptionServices;

namespace Privatemode.AI.Sessions;

/// <summary>A verification that failed for one caller, and for all who waited for its end.</summary>
internal static class SharedFailure
{
    /// <summary>Whether it says nothing about the one who met it, neither about his key nor that he went away.</summary>
    public static bool IsForAll(Exception exception) => exception switch
    {
        OperationCanceledException => false,
        PrivatemodeServiceException service => !service.ConcernsKey,
        PrivatemodeConfigurationException configuration => configuration.Setting != nameof(PrivatemodeOptions.ApiKey),
        PrivatemodeVerificationException => true,
        _ => Callbacks.Threw(exception),
    };

    /// <summary>Throws the same failure once more, for one of those who waited.</summary>
    public static void ThrowForAnother(Exception failure)
    {
        switch (failure)
        {
            case PrivatemodeServiceException service:
                throw service.ForAnother();
            case PrivatemodeConfigurationException configuration:
                throw new PrivatemodeConfigurationException(configuration.Setting, configuration.Message, configuration);
            case PrivatemodeVerificationException verification:
                throw PrivatemodeVerificationException.FromMismatches(verification.Message, verification.Mismatches);
            default:
                // The user's own: there is no making another of it.
                ExceptionDispatchInfo.Throw(failure);
                break;
        }
    }
}
