using Microsoft.AspNetCore.Http;
using Privatemode.AI.AspNetCore.Errors;
using Privatemode.AI.AspNetCore.Gate;

namespace Privatemode.AI.AspNetCore.Models;

/// <summary>Answers requests for models in the form that the caller reads.</summary>
internal sealed class ModelLists(PrivatemodeClient client)
{
    /// <summary>In which form errors of these routes are written.</summary>
    public static ProxyDialect DialectOf(HttpRequest request) =>
        request.Headers.ContainsKey("anthropic-version") ? ProxyDialect.Anthropic : ProxyDialect.OpenAI;

    /// <summary>Writes the list.</summary>
    public async Task ListAsync(HttpContext context, ProxyCaller caller)
    {
        _ = caller;
        using HttpMessageInvoker invoker = new(client.CreateHandler());
        using HttpRequestMessage request = new(HttpMethod.Get, new Uri("/v1/models", UriKind.Relative));
        using HttpResponseMessage answer = await invoker.SendAsync(request, context.RequestAborted).ConfigureAwait(false);
        context.Response.ContentType = "application/json";
        await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>Writes one model. Its ID is the rest of the path.</summary>
    public Task OneAsync(HttpContext context, ProxyCaller caller) => ListAsync(context, caller);
}
