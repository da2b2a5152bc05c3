using System.ClientModel;
using System.Text.Json;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Transport;

namespace Privatemode.AI.LocalProxy;

/// <summary>Maps the failures of a local proxy to the exceptions of this library.</summary>
internal static class LocalProxyErrors
{
    /// <summary>Maps an exception of the OpenAI client like <see cref="ServiceErrors.Map"/>, and names the address that could not be reached.</summary>
    public static Exception Map(Exception exception, Uri proxy, string key)
    {
        Exception last = exception is AggregateException { InnerExceptions: [.., Exception inner] } ? inner : exception;
        return last is ClientResultException { Status: 0 } && !TransportFailure.IsUnreadable(last) && !Callbacks.Threw(exception)
            ? new PrivatemodeServiceException(
                ServiceFailureReason.Unreachable,
                $"The local proxy at {proxy} could not be reached. Start privatemode-proxy on this machine, or correct {OptionNames.LocalProxy}.",
                last.InnerException)
            : ServiceErrors.Map(exception, key);
    }

    /// <exception cref="PrivatemodeServiceException">An answer or event of status 200 is an error.</exception>
    public static void ThrowIfError(OpenedDocument opened, string requestId)
    {
        if (opened.TryGet("error"u8, out ReadOnlySpan<byte> error, out JsonTokenType kind) && kind != JsonTokenType.Null)
        {
            throw ServiceErrors.FromSealedError(error, requestId, handedOut: false, isAuthenticated: false);
        }

        if (opened.TryGet("object"u8, out ReadOnlySpan<byte> type, out _) && type.SequenceEqual("\"error\""u8))
        {
            throw ServiceErrors.FromSealedError(opened.Text, requestId, handedOut: false, isAuthenticated: false);
        }
    }
}
