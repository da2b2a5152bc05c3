using Microsoft.Extensions.Http;
using Privatemode.AI.Pipeline.Transport;

namespace Privatemode.AI.DependencyInjection;

/// <summary>Checks whether an HTTP client still sends with this library's handler, and adds a check that is repeated for each request.</summary>
internal sealed class EncryptingClientFilter(string name) : IHttpMessageHandlerBuilderFilter
{
    public Action<HttpMessageHandlerBuilder> Configure(Action<HttpMessageHandlerBuilder> next) => builder =>
    {
        next(builder);
        if (builder.Name == name)
        {
            EncryptingClientCheck.ThrowIfNotEncrypted(builder.PrimaryHandler);
            builder.AdditionalHandlers.Add(new EncryptingClientCheck());
        }
    };
}

/// <summary>Checks again when a request is sent, because an outer filter can set another primary handler after <see cref="EncryptingClientFilter"/> has
/// run.</summary>
internal sealed class EncryptingClientCheck : DelegatingHandler
{
    /// <summary>Checks the finished chain of message handlers, regardless of the order of filters.</summary>
    /// <exception cref="PrivatemodeConfigurationException">The last handler of the chain is not a <see cref="PrivatemodeHttpMessageHandler"/>, so requests
    /// would be sent unencrypted.</exception>
    public static void ThrowIfNotEncrypted(HttpMessageHandler? handler)
    {
        if (HandlerChainCheck.From(handler).LastOrDefault() is not PrivatemodeHttpMessageHandler)
        {
            throw new PrivatemodeConfigurationException(
                nameof(HttpMessageHandlerBuilder.PrimaryHandler),
                "Another primary handler replaced Privatemode's, so requests would be sent unencrypted. Remove that handler, or UsePrivatemodeHandler.");
        }
    }

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ThrowIfNotEncrypted(this);
        return base.Send(request, cancellationToken);
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ThrowIfNotEncrypted(this);
        return base.SendAsync(request, cancellationToken);
    }
}
