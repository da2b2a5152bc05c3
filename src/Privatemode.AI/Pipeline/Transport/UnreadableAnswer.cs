namespace Privatemode.AI.Pipeline.Transport;

/// <summary>An answer whose headers are not HTTP, or are too long: something answered, so the network is not to blame.</summary>
internal static class UnreadableAnswer
{
    /// <summary>What to say of it, after its subject.</summary>
    public const string Advice =
        "begins with headers that cannot be read, or with too many of them. Check Endpoint, and what stands in between, such as a proxy.";

    public static bool Is(HttpRequestException? exception) =>
        exception?.HttpRequestError is HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded;

    /// <summary>The same without the words of the platform's handler: it quotes what it could not read, and exceptions end up in logs.</summary>
    public static HttpRequestException WithoutQuote(HttpRequestException exception) =>
        new(exception.HttpRequestError, "The answer is not HTTP, or its headers are too long.");
}
