using Privatemode.AI.Tests.Exceptions;

namespace Privatemode.AI.Tests.Attestation.Certificates;

/// <summary>What a refusal has to look like: our exception, the check by name, and advice.</summary>
internal static class Refusal
{
    public static PrivatemodeVerificationException Of(string check, Action action)
    {
        PrivatemodeVerificationException exception = Assert.Throws<PrivatemodeVerificationException>(action);
        Assert.Equal(check, exception.ErrorType);
        Assert.Contains("Do not send anything.", exception.Message, StringComparison.Ordinal);
        ExpectedCauses.AssertOf(exception);
        return exception;
    }

    /// <summary>Runs code on bytes that may be anything: it may succeed or refuse, but not fail in any other way.</summary>
    public static bool AcceptsOrRefuses(Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (PrivatemodeVerificationException)
        {
            return false;
        }
    }
}
