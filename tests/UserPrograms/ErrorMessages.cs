using Privatemode.AI;

namespace UserPrograms;

/// <summary>Has one catch block for each exception of the library, and returns what to do about it.</summary>
public static class ErrorMessages
{
    public static async Task<string> DescribeAsync(Func<Task> call)
    {
        try
        {
            await call();
            return "done";
        }
        catch (PrivatemodeModelUnavailableException exception)
        {
            return $"choose a model: {string.Join(", ", exception.AvailableModelIds)}";
        }
        catch (PrivatemodeServiceException exception) when (exception.RetryAfter is { } pause)
        {
            return $"retry in {pause.TotalSeconds} s";
        }
        catch (PrivatemodeServiceException exception)
        {
            return exception.Reason switch
            {
                ServiceFailureReason.Unreachable or ServiceFailureReason.Timeout or ServiceFailureReason.Unavailable => "retry later",
                ServiceFailureReason.RateLimited => "slow down",
                ServiceFailureReason.ClientTooOld => "update the package",
                ServiceFailureReason.InvalidRequest => $"status {exception.Status}: change the request",
                _ => $"status {exception.Status}",
            };
        }
        catch (PrivatemodeRequestException exception)
        {
            return $"change {exception.Member}";
        }
        catch (PrivatemodeConfigurationException exception)
        {
            return $"correct the setting {exception.Setting}";
        }
        catch (PrivatemodeVerificationException exception)
        {
            return $"stop, not verified: {exception.Mismatches.Count} mismatches";
        }
        catch (PrivatemodeIntegrityException)
        {
            return "stop, the answer was altered";
        }
        catch (PrivatemodeWouldLeakException)
        {
            return "change the call, it would have sent content unencrypted";
        }
        catch (PrivatemodeException exception)
        {
            return $"unexpected {exception.ErrorType}: {exception.Message} (request {exception.RequestId})";
        }
    }
}
