namespace Privatemode.AI.Internal;

/// <summary>Names of the HTTP headers of the protocol, and constant values.</summary>
internal static class ProtocolHeaders
{
    public const string Authorization = "Authorization";
    public const string Accept = "Accept";
    public const string ContentType = "Content-Type";
    public const string ContentLength = "Content-Length";
    public const string UserAgent = "User-Agent";
    public const string RetryAfter = "Retry-After";

    public const string Version = "Privatemode-Version";
    public const string Client = "Privatemode-Client";
    public const string Encrypted = "Privatemode-Encrypted";
    public const string TargetModel = "Privatemode-Target-Model";
    public const string SecretId = "Privatemode-Secret-ID";
    public const string GpuPolicy = "Privatemode-NVIDIA-OCSP-Policy";
    public const string GpuPolicyMac = "Privatemode-NVIDIA-OCSP-Policy-MAC";
    public const string UserRequestId = "Privatemode-User-Request-ID";
    public const string ShardKey = "Privatemode-Shard-Key";

    /// <summary>A header of answers that are returned to callers, never on the wire: whether the deployment encrypted the answer.</summary>
    public const string Authenticated = "Privatemode-Authenticated";

    /// <summary>A header of answers that are returned to callers: the hosted tools that were left out of the request.</summary>
    public const string LeftOutTools = "Privatemode-Left-Out-Tools";

    /// <summary>A header of answers that are returned to callers: the ID of the call, under the name that other libraries expect.</summary>
    public const string AnswerId = "x-request-id";

    /// <summary>The value of <see cref="Version"/>, which determines the format of bodies.</summary>
    public const string ProtocolVersion = "v1.40.0";

    /// <summary>Value of <see cref="Client"/>: this is a library, not a proxy or an app.</summary>
    public const string ClientValue = "SDK";

    /// <summary>Value of <see cref="UserAgent"/>: name and version of this package, nothing about the machine.</summary>
    public static string UserAgentValue { get; } = $"Privatemode.AI/{typeof(ProtocolHeaders).Assembly.GetName().Version?.ToString(3)}";
}
