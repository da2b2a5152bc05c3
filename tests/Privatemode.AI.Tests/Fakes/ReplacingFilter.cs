using Microsoft.Extensions.Http;

namespace Privatemode.AI.Tests.Fakes;

/// <summary>A filter for all HTTP clients of an application that has its say after those behind it.</summary>
internal sealed class ReplacingFilter(Action<HttpMessageHandlerBuilder> change) : IHttpMessageHandlerBuilderFilter
{
    public Action<HttpMessageHandlerBuilder> Configure(Action<HttpMessageHandlerBuilder> next) => builder =>
    {
        next(builder);
        change(builder);
    };
}
