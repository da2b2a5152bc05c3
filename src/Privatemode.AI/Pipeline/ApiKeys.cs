using System.ClientModel;

namespace Privatemode.AI.Pipeline;

/// <summary>Reads API keys, which go into a header as they are.</summary>
internal static class ApiKeys
{
    /// <summary>The key a credential holds now.</summary>
    /// <exception cref="PrivatemodeConfigurationException">It holds characters that would break the header, or split the request.</exception>
    public static string Read(ApiKeyCredential credential)
    {
        credential.Deconstruct(out string key);
        Demand(key, nameof(PrivatemodeOptions.Credential));
        return key;
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
}
