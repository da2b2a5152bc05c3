namespace Privatemode.AI.Internal;

/// <summary>Names of the options in groups, as in error messages: <c>Transport.ResponseTimeout</c>.</summary>
internal static class OptionNames
{
    public const string Manifest = Verification + nameof(VerificationOptions.Manifest);
    public const string Hardware = Verification + nameof(VerificationOptions.Hardware);
    public const string VerificationLifetime = Verification + nameof(VerificationOptions.Lifetime);
    public const string GpuRevocation = Verification + nameof(VerificationOptions.GpuRevocation);
    public const string CollateralDirectory = Verification + nameof(VerificationOptions.CollateralDirectory);
    public const string CollateralCache = Verification + nameof(VerificationOptions.CollateralCache);
    public const string CollateralEndpoint = Verification + nameof(VerificationOptions.CollateralEndpoint);
    public const string OnVerified = Verification + nameof(VerificationOptions.OnVerified);
    public const string UnnamedSecretService = Verification + nameof(VerificationOptions.DangerousAcceptAnyUnnamedWorkloadAsSecretService);
    public const string InsecureLoopbackTrust = Verification + nameof(VerificationOptions.InsecureLoopbackTrust);

    public const string HttpMessageHandler = Transport + nameof(TransportOptions.HttpMessageHandler);
    public const string ResponseTimeout = Transport + nameof(TransportOptions.ResponseTimeout);
    public const string IdleTimeout = Transport + nameof(TransportOptions.IdleTimeout);
    public const string RateLimiter = Transport + nameof(TransportOptions.RateLimiter);
    public const string LocalProxy = Transport + nameof(TransportOptions.DangerousUnverifiedLocalProxy);
    public const string AnyHandlerOnLoopback = Transport + nameof(TransportOptions.InsecureAcceptAnyHandlerOnLoopback);

    public const string PromptCacheScope = nameof(PrivatemodeOptions.PromptCache) + "." + nameof(PromptCacheOptions.Scope);

    public const string RemoteMedia = Media + nameof(MediaOptions.Remote);
    public const string MaxFetchedImages = Media + nameof(MediaOptions.MaxFetchedImages);

    public const string HostedTools = Responses + nameof(ResponsesOptions.HostedTools);
    public const string ReasoningKey = Responses + nameof(ResponsesOptions.ReasoningKey);

    private const string Verification = nameof(PrivatemodeOptions.Verification) + ".";
    private const string Transport = nameof(PrivatemodeOptions.Transport) + ".";
    private const string Media = nameof(PrivatemodeOptions.Media) + ".";
    private const string Responses = nameof(PrivatemodeOptions.Responses) + ".";

    /// <summary>The key of an option in the configuration, below the section.</summary>
    public static string KeyOf(string option) => option.Replace('.', ':');
}
