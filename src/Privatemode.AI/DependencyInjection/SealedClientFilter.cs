using Microsoft.Extensions.Http;

namespace Privatemode.AI.DependencyInjection;

/// <summary>Looks whether the client that was to be sealed still is, after everybody has had a hand in it.</summary>
internal sealed class SealedClientFilter(string name) : IHttpMessageHandlerBuilderFilter
{
    public Action<HttpMessageHandlerBuilder> Configure(Action<HttpMessageHandlerBuilder> next) => builder =>
    {
        next(builder);
        if (builder.Name == name && builder.PrimaryHandler is not PrivatemodeHttpMessageHandler)
        {
            throw new PrivatemodeConfigurationException(
                nameof(HttpMessageHandlerBuilder.PrimaryHandler),
                "Another primary handler has taken the place of Privatemode's, and requests would leave in the clear. Remove it, or AddPrivatemodeHandler.");
        }
    };
}
