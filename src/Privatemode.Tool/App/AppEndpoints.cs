using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Privatemode.Tool.App;

/// <summary>The routes of the chat page. Its chats, models, recordings and documents go to the routes of the proxy.</summary>
internal static class AppEndpoints
{
    /// <summary>The path of the page.</summary>
    public const string Path = "/app/";

    private const string KeyPath = "/app/storage-key";

    /// <summary>Maps the routes. The page itself needs no key, because it contains no secrets; all other routes need one.</summary>
    public static void Map(IEndpointRouteBuilder endpoints, AppPage page, StorageKey key)
    {
        _ = endpoints.MapGet(Path, context => SendPageAsync(context, page));
        _ = endpoints.MapGet(KeyPath, context => SendKeyAsync(context, key)).RequirePrivatemodeCaller();
        _ = endpoints.MapDelete(KeyPath, context => ReplaceKeyAsync(context, key)).RequirePrivatemodeCaller();
    }

    private static async Task SendPageAsync(HttpContext context, AppPage page)
    {
        if (!IsThisMachine(context.Request.Host))
        {
            context.Response.StatusCode = StatusCodes.Status421MisdirectedRequest;
            return;
        }

        string nonce = AppPage.CreateNonce();
        IHeaderDictionary headers = context.Response.Headers;
        headers.ContentSecurityPolicy = AppPage.ContentSecurityPolicy(nonce);
        headers.CacheControl = "no-store";
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(), payment=()";
        context.Response.ContentType = "text/html; charset=utf-8";
        await context.Response.WriteAsync(page.Render(nonce), context.RequestAborted);
    }

    /// <summary>Returns whether the host is a name of this machine. A page whose host name resolves to this machine (DNS rebinding) would otherwise have the
    /// same origin as the chat page.</summary>
    private static bool IsThisMachine(HostString host) => host.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Host.Trim('[', ']'), out IPAddress? address) && IPAddress.IsLoopback(address));

    private static async Task SendKeyAsync(HttpContext context, StorageKey key)
    {
        byte[] bytes = key.Read();
        try
        {
            context.Response.Headers.CacheControl = "no-store";
            context.Response.ContentType = "application/octet-stream";
            context.Response.ContentLength = bytes.Length;
            await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private static Task ReplaceKeyAsync(HttpContext context, StorageKey key)
    {
        key.Replace();
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }
}
