using System.Net;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Privatemode.AI.AspNetCore.Errors;
using Privatemode.AI.AspNetCore.Status;

namespace Privatemode.AI.AspNetCore.Gate;

/// <summary>The access rules of a route.</summary>
internal enum GateNeeds
{
    /// <summary>Health of the process: a probe can use any host name if its connection is local.</summary>
    Health,

    /// <summary>Host and origin, but no key.</summary>
    NoKey,

    /// <summary>Host and origin, and a key if callers have keys.</summary>
    Key,
}

/// <summary>The caller, as far as the gate knows.</summary>
/// <param name="Index">The zero-based index of the caller's key in the configuration; -1 without keys.</param>
/// <param name="KeyDigest">The SHA-256 digest of the caller's key, as lower-case hexadecimal digits; empty without a key. It separates callers that share an
/// API key.</param>
internal readonly record struct ProxyCaller(int Index, string KeyDigest)
{
    public static ProxyCaller Unknown { get; } = new(-1, "");
}

/// <summary>The key that the caller sent, which is used as the API key for the caller's requests. Stored as a feature of the HTTP context.</summary>
internal sealed class CallerApiKey(string value)
{
    public string Value => value;
}

/// <summary>Decides whether a request is accepted, before its body is read.</summary>
internal sealed class ProxyGate(IOptions<PrivatemodeProxyOptions> options, CallerKeys keys, TimeProvider time, ProxyTelemetry telemetry)
{
    private const string Bearer = "Bearer ";
    private const int MinApiKeyLength = 8;
    private static readonly TimeSpan DelayOfFrequentFailures = TimeSpan.FromSeconds(1);

    private readonly PrivatemodeProxyOptions _options = options.Value;
    private readonly HostRules _hosts = new(options.Value.AllowedHosts, options.Value.AllowedOrigins);
    private readonly FailedKeys _failedKeys = new(time);

    /// <summary>Checks a request in this order: where it comes from, its host and origin, whether it is a WebSocket handshake, and its key.</summary>
    /// <param name="context">The request.</param>
    /// <param name="needs">The access rules of the route.</param>
    /// <param name="caller">The caller, if the request is accepted.</param>
    /// <returns>The error, or <see langword="null"/> if the request is accepted.</returns>
    public ProxyError? Check(HttpContext context, GateNeeds needs, out ProxyCaller caller)
    {
        caller = ProxyCaller.Unknown;
        (ProxyError? error, string reason) = CheckConnection(context, needs);
        if (error is null && needs == GateNeeds.Key)
        {
            (error, reason) = CheckKey(context, out caller);
        }

        if (error is not null)
        {
            telemetry.Rejected(reason);
        }

        return error;
    }

    /// <summary>Returns whether the request is a WebSocket handshake. It is refused immediately, even without a key: assistants then continue with
    /// requests.</summary>
    public static bool IsWebSocketHandshake(HttpContext context) =>
        context.Request.Headers.Upgrade.Any(value => value?.Contains("websocket", StringComparison.OrdinalIgnoreCase) == true)
        || context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true };

    private (ProxyError? Error, string Reason) CheckConnection(HttpContext context, GateNeeds needs)
    {
        bool isLocal = IsLoopback(context.Connection.LocalIpAddress);
        if (!isLocal && MissingForRemoteCallers(HasTls(context)) is { } missing)
        {
            telemetry.RemoteCallerRefused(missing);
            return (ProxyError.Forbidden($"This proxy serves callers on its own machine only, because it has no {missing}."), "remote");
        }

        bool isProbe = needs == GateNeeds.Health && (_options.AllowAnyHostForHealthChecks || IsLoopback(context.Connection.RemoteIpAddress));
        if (!isProbe && !_hosts.AllowsHost(context.Request, isLocal))
        {
            return (ProxyError.Forbidden("The host name of the request is not one of this proxy. Add it to PrivatemodeProxy:AllowedHosts."), "host");
        }

        if (!_hosts.AllowsOrigin(context.Request))
        {
            return (ProxyError.Forbidden("Web pages of this origin may not use the proxy. Add it to PrivatemodeProxy:AllowedOrigins."), "origin");
        }

        return IsWebSocketHandshake(context) ? (ProxyError.UpgradeRequired(), "upgrade") : default;
    }

    /// <summary>Returns the settings that are missing to accept callers on other machines; null if nothing is missing.</summary>
    /// <param name="hasTls">Whether the connection is encrypted.</param>
    internal string? MissingForRemoteCallers(bool hasTls)
    {
        bool needsTls = !hasTls && !_options.DangerousAllowUnencryptedRemoteCallers;
        bool needsKeys = !_options.RequiresCallerKey && !_options.DangerousAllowAnyRemoteCaller;
        return needsTls && needsKeys ? "TLS and no caller keys" : needsTls ? "TLS" : needsKeys ? "caller keys" : null;
    }

    private (ProxyError? Error, string Reason) CheckKey(HttpContext context, out ProxyCaller caller)
    {
        caller = ProxyCaller.Unknown;
        if (!_options.RequiresCallerKey)
        {
            // Assistants insist on sending one. It is dropped.
            return default;
        }

        (string? bearer, string? header) = PresentedKeys(context.Request.Headers);
        if (_options.UseCallerKeyAsApiKey)
        {
            string? key = bearer ?? header;
            if (key is null || key.Length is < MinApiKeyLength or > CallerKeySet.MaxKeyLength || key.AsSpan().ContainsAnyExceptInRange('!', '~'))
            {
                return (ProxyError.Unauthorized(
                    "Send your Privatemode API key as 'Authorization: Bearer' or 'x-api-key'; this proxy has no key of its own."), "key");
            }

            context.Features.Set(new CallerApiKey(key));
            caller = new ProxyCaller(-1, Convert.ToHexStringLower(CallerKeySet.Digest(key)));
            return default;
        }

        // Programs with two settings for their key send both; either may be the one of this proxy. Both are always compared.
        int first = keys.Find(bearer ?? "");
        int second = keys.Find(header ?? "");
        int number = first != 0 ? first : second;
        if (number == 0)
        {
            ProxyError error = ProxyError.Unauthorized(
                "The caller key is missing or wrong. Send a key of this proxy as 'Authorization: Bearer' or 'x-api-key'.");
            return (_failedKeys.Add(context.Connection.RemoteIpAddress) ? error with { Delay = DelayOfFrequentFailures } : error, "key");
        }

        string matched = first != 0 ? bearer! : header!;
        caller = new ProxyCaller(number - 1, Convert.ToHexStringLower(CallerKeySet.Digest(matched)));
        return default;
    }

    private static (string? Bearer, string? Header) PresentedKeys(IHeaderDictionary headers)
    {
        string? authorization = headers.Authorization.Count == 1 ? headers.Authorization[0] : null;
        string? bearer = authorization?.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) == true ? authorization[Bearer.Length..].Trim() : null;
        return (bearer, Single(headers, "x-api-key") ?? Single(headers, "api-key"));
    }

    private static string? Single(IHeaderDictionary headers, string name) => headers.TryGetValue(name, out var values) && values.Count == 1 ? values[0] : null;

    /// <summary>Returns whether the connection is encrypted. The scheme of the request is not used, because middleware can set it from a header.</summary>
    private static bool HasTls(HttpContext context) =>
        context.Features.Get<ITlsHandshakeFeature>() is not null || HttpProtocol.IsHttp3(context.Request.Protocol);

    /// <summary>Returns whether an address is one of this machine that other machines cannot reach. Null stands for a Unix socket or a test server.</summary>
    internal static bool IsLoopback(IPAddress? address) =>
        address is null || IPAddress.IsLoopback(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address);
}
