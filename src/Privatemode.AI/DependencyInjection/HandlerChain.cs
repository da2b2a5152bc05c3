using Microsoft.Extensions.Http;
using Privatemode.AI.Pipeline.Transport;

namespace Privatemode.AI.DependencyInjection;

/// <summary>Looks at message handlers as they were put together, which no order of filters can hide.</summary>
internal static class HandlerChain
{
    /// <exception cref="PrivatemodeConfigurationException">Requests would not end in a handler that seals them.</exception>
    public static void DemandSealed(HttpMessageHandler? handler)
    {
        if (HandlerChainCheck.From(handler).LastOrDefault() is not PrivatemodeHttpMessageHandler)
        {
            throw new PrivatemodeConfigurationException(
                nameof(HttpMessageHandlerBuilder.PrimaryHandler),
                "Another primary handler has taken the place of Privatemode's, and requests would leave in the clear. Remove it, or UsePrivatemodeHandler.");
        }
    }
}
