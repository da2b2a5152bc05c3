using System.ClientModel;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Pipeline.Calls;

/// <summary>The source of the API keys of calls: one credential, or the application's accessor. Neither is a fallback for the other.</summary>
internal sealed class ApiKeys
{
    // Typographic quotation marks come with keys that were copied from a document.
    private const string QuotationMarks = "\"'`\u00AB\u00BB\u2018\u2019\u201A\u201C\u201D\u201E";

    private readonly Func<CancellationToken, ValueTask<string?>>? _accessor;
    private readonly ApiKeyCredential? _credential;
    private readonly TimeSpan _longestWait;
    private readonly TimeProvider _time = TimeProvider.System;

    /// <param name="credential">The only key; it may be updated.</param>
    public ApiKeys(ApiKeyCredential credential, string source = ApiKeyErrors.AnyKey) => (_credential, Source) = (credential, source);

    /// <param name="accessor">Called once for each call; its exceptions are rethrown unchanged.</param>
    public ApiKeys(
        Func<CancellationToken, ValueTask<string?>> accessor, TimeSpan longestWait, TimeProvider time, string source = ApiKeyErrors.AnyKey) =>
        (_accessor, _longestWait, _time, Source) = (accessor, longestWait, time, source);

    private ApiKeys() => Source = "the API key of the local proxy";

    /// <summary>No API key: requests have no Authorization header. For a local proxy, which has its own key.</summary>
    public static ApiKeys None => new();

    /// <summary>The name of the key in errors: its account and setting.</summary>
    public string Source { get; }

    /// <summary>Canceled when the client is disposed, so that calls no longer wait for the accessor.</summary>
    public CancellationToken Closing { get; set; }

    /// <summary>Whether calls can have different API keys, so that callers must not share data such as model lists and cache salts.</summary>
    public bool AreManyCallers => _accessor is not null;

    /// <summary>Returns the current key.</summary>
    /// <param name="cancellationToken">The caller's cancellation: it is passed to the accessor, and ends the wait for an accessor that ignores it.</param>
    /// <exception cref="PrivatemodeConfigurationException">There is no key, or it contains characters that would break the header, or split the
    /// request.</exception>
    /// <exception cref="PrivatemodeServiceException">The accessor did not return in time.</exception>
    public ValueTask<string> ReadAsync(bool async, CancellationToken cancellationToken)
    {
        if (_accessor is null && _credential is null)
        {
            return new("");
        }

        if (_accessor is null)
        {
            _credential!.Deconstruct(out string key);
            Validate(key, nameof(PrivatemodeOptions.Credential), Source);
            return new(key);
        }

        ValueTask<string?> asked = UserCallback.InvokeAsync(_accessor, cancellationToken);
        return asked.IsCompletedSuccessfully ? new(ValidateAccessorKey(asked.Result)) : WaitAsync(asked.AsTask(), async, cancellationToken);
    }

    private async ValueTask<string> WaitAsync(Task<string?> asked, bool async, CancellationToken cancellationToken)
    {
        using CallDeadline deadline = new(_longestWait, _time, async, cancellationToken, Closing);
        string? key;
        try
        {
            key = await SyncOrAsync.WaitAsync(asked, async, deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (exception.CancellationToken == deadline.Token)
        {
            // The accessor may still fail.
            _ = BackgroundWork.Observe(asked);
            throw deadline.ToException("ApiKeyAccessor did not return an API key within Transport.ResponseTimeout. Nothing was sent. Retry later.");
        }

        return ValidateAccessorKey(key);
    }

    private string ValidateAccessorKey(string? key)
    {
        if (string.IsNullOrEmpty(key))
        {
            throw new PrivatemodeConfigurationException(
                nameof(PrivatemodeOptions.ApiKeyAccessor),
                    "ApiKeyAccessor returned no API key. Make the call where it returns one, for example inside a request; no other key is used instead.")
            {
                IsOutsideOfCalls = true,
            };
        }

        Validate(key, nameof(PrivatemodeOptions.ApiKeyAccessor), Source);
        return key;
    }

    /// <exception cref="PrivatemodeConfigurationException">The key is empty or is not a usable API key.</exception>
    public static void Validate(string? key, string setting, string source)
    {
        if (FaultOf(key) is { } fault)
        {
            throw new PrivatemodeConfigurationException(setting, $"{char.ToUpperInvariant(source[0])}{source[1..]} {fault}") { IsApiKeyError = true };
        }
    }

    /// <summary>Describes why a key is unusable, without any part of it; null for a usable key.</summary>
    private static string? FaultOf(string? key)
    {
        if (string.IsNullOrWhiteSpace(key))
        {
            return "is empty or white space. Set it to a key, or leave it out.";
        }

        if (char.IsWhiteSpace(key[0]) || char.IsWhiteSpace(key[^1]))
        {
            return key[^1] is '\n' or '\r'
                ? "ends with a line break, as a key read from a file often does. Trim it."
                : "begins or ends with white space. Trim it.";
        }

        if (QuotationMarks.Contains(key[0], StringComparison.Ordinal) || QuotationMarks.Contains(key[^1], StringComparison.Ordinal))
        {
            return "begins or ends with quotation marks. Remove them: environment files, for example, keep them as part of the value.";
        }

        if (key.StartsWith("Bearer", StringComparison.OrdinalIgnoreCase) && (key.Length == 6 || key[6] is ':' || char.IsWhiteSpace(key[6])))
        {
            return "begins with 'Bearer', which this library adds itself. Set only the key.";
        }

        if (key[0] is '$' or '%' or '<' or '{' || key.Contains(PrivatemodeOptions.ApiKeyEnvironmentVariable, StringComparison.Ordinal))
        {
            return "is a placeholder that was not replaced. Set the actual key.";
        }

        if (key[0] == '@')
        {
            return "begins with '@', which other tools use for the name of a file. No file is read: set the actual key.";
        }

        return key.AsSpan().ContainsAnyExceptInRange('!', '~')
            ? "contains white space or characters that are not allowed in a key. Copy it again."
            : null;
    }
}
