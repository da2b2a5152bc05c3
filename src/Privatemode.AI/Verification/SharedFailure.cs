using System.Runtime.ExceptionServices;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Verification;

/// <summary>A verification that failed for one caller, and for all who waited for its end.</summary>
internal static class SharedFailure
{
    /// <summary>Whether it says nothing about the one who met it, neither about his key nor that he went away.</summary>
    public static bool IsForAll(Exception exception) => exception switch
    {
        OperationCanceledException => false,
        _ when Callbacks.Threw(exception) => true,
        PrivatemodeServiceException service => !service.ConcernsKey,
        PrivatemodeConfigurationException configuration => configuration.Setting != nameof(PrivatemodeOptions.ApiKey),
        PrivatemodeVerificationException => true,
        _ => false,
    };

    /// <summary>Throws the same failure once more, for one of those who waited.</summary>
    public static void ThrowForAnother(Exception failure)
    {
        switch (failure)
        {
            case not null when Callbacks.Threw(failure):
                // The application's own, whatever its type: it is rethrown unchanged.
                ExceptionDispatchInfo.Throw(failure);
                break;
            case PrivatemodeServiceException service:
                throw service.ForAnother();
            case PrivatemodeConfigurationException configuration:
                throw new PrivatemodeConfigurationException(configuration.Setting, configuration.Message, configuration);
            case PrivatemodeVerificationException verification:
                throw verification.Again();
            default:
                throw new InvalidOperationException("An exception of this kind is not shared.", failure);
        }
    }
}
