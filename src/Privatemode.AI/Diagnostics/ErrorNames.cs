using System.Globalization;

namespace Privatemode.AI.Diagnostics;

/// <summary>Values of the tag <c>error.type</c>; never a message, which others may have written.</summary>
internal static class ErrorNames
{
    public static string Of(Exception exception) => exception switch
    {
        PrivatemodeException own => own.ErrorType,
        OperationCanceledException => "cancelled",
        _ => exception.GetType().FullName ?? exception.GetType().Name,
    };

    /// <summary>The status in digits; <c>unreachable</c> for 0.</summary>
    public static string OfStatus(int status) => status == 0 ? "unreachable" : status.ToString(CultureInfo.InvariantCulture);
}
