using Microsoft.Extensions.Http;

namespace Privatemode.AI.DependencyInjection;

/// <summary>Looks at message handlers as they were put together, which no order of filters can hide.</summary>
internal static class HandlerChain
{
    /// <summary>A handler and all below it, down to the one that sends.</summary>
    public static IEnumerable<HttpMessageHandler> From(HttpMessageHandler? handler)
    {
        for (; handler is not null; handler = (handler as DelegatingHandler)?.InnerHandler)
        {
            yield return handler;
        }
    }

    /// <exception cref="PrivatemodeConfigurationException">Requests would not end in a handler that seals them.</exception>
    public static void DemandSealed(HttpMessageHandler? handler)
    {
        if (From(handler).LastOrDefault() is not PrivatemodeHttpMessageHandler)
        {
            throw new PrivatemodeConfigurationException(
                nameof(HttpMessageHandlerBuilder.PrimaryHandler),
                "Another primary handler has taken the place of Privatemode's, and requests would leave in the clear. Remove it, or AddPrivatemodeHandler.");
        }
    }
}
