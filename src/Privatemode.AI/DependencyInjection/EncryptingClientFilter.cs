using Microsoft.Extensions.Http;

namespace Privatemode.AI.DependencyInjection;

/// <summary>Looks whether the client that was to be sealed still is, and leaves a guard behind for those who have a hand in it later.</summary>
internal sealed class EncryptingClientFilter(string name) : IHttpMessageHandlerBuilderFilter
{
    public Action<HttpMessageHandlerBuilder> Configure(Action<HttpMessageHandlerBuilder> next) => builder =>
    {
        next(builder);
        if (builder.Name == name)
        {
            HandlerChain.DemandSealed(builder.PrimaryHandler);
            builder.AdditionalHandlers.Add(new EncryptingClientCheck());
        }
    };
}
