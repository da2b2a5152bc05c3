using System.ClientModel;
using System.Security.Cryptography;
using System.Text;

namespace Privatemode.AI.Pipeline;

/// <summary>Where the API key of a call comes from: one credential, or whoever is calling. Never from the one for want of the other.</summary>
internal sealed class ApiKeys
{
    private readonly Func<string?>? _accessor;
    private readonly ApiKeyCredential? _credential;

    /// <param name="credential">Holds the one key; it may be updated.</param>
    public ApiKeys(ApiKeyCredential credential) => _credential = credential;

    /// <param name="accessor">Asked at every call; what it throws goes to the caller.</param>
    public ApiKeys(Func<string?> accessor) => _accessor = accessor;

    /// <summary>Callers with keys of their own, who must not share more than they say.</summary>
    public bool AreManyCallers => _accessor is not null;

    /// <summary>The key to use now.</summary>
    /// <exception cref="PrivatemodeConfigurationException">There is none, or it holds characters that would break the header, or split the
    /// request.</exception>
    public string Read()
    {
        if (_accessor is null)
        {
            _credential!.Deconstruct(out string key);
            Demand(key, nameof(PrivatemodeOptions.Credential));
            return key;
        }

        string? current = Callbacks.Ask(_accessor);
        if (string.IsNullOrEmpty(current))
        {
            throw new PrivatemodeConfigurationException(
                nameof(PrivatemodeOptions.ApiKeyAccessor),
                    "The accessor returned no API key. Call where it has one, for example inside a request; no other key is used instead.");
        }

        Demand(current, nameof(PrivatemodeOptions.ApiKeyAccessor));
        return current;
    }

    /// <exception cref="PrivatemodeConfigurationException">The key is empty or holds anything but visible ASCII.</exception>
    public static void Demand(string? key, string setting)
    {
        if (string.IsNullOrEmpty(key) || key.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            throw new PrivatemodeConfigurationException(
                setting, "The API key is empty, or holds white space or characters that no key has. Was it copied with a line break?");
        }
    }

    /// <summary>SHA-256 of a key, to tell callers apart by.</summary>
    public static byte[] DigestOf(string apiKey)
    {
        byte[] key = Encoding.UTF8.GetBytes(apiKey);
        try
        {
            return SHA256.HashData(key);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }
}
