using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;
using Privatemode.AI.AspNetCore.Gate;

namespace Privatemode.AI.AspNetCore;

/// <summary>Checks the settings of the proxy. One exception reports all invalid settings, and never contains a key.</summary>
internal sealed partial class ProxyOptionsValidator : IValidateOptions<PrivatemodeProxyOptions>
{
    /// <summary>The configuration section of the proxy.</summary>
    public const string Section = "PrivatemodeProxy";

    /// <summary>The maximum size of a JSON request in bytes, 64 MiB: encryption writes two characters for each byte, and the service accepts 128 MiB.</summary>
    public const long MaxRequestBodySize = 64L * 1024 * 1024;

    /// <summary>The maximum size of a transcription request in bytes: the largest recording, and the other fields of the form.</summary>
    public const long MaxTranscriptionSize = 51L * 1024 * 1024;

    /// <summary>The maximum size of a document request in bytes: the largest document, and the parts of the form around it.</summary>
    public const long MaxDocumentSize = (25L * 1024 * 1024) - 128;

    private const int MaxAliases = 1000;
    private const int MaxListed = 1000;
    private const int MinSecretBytes = 32;
    private const long Mebibyte = 1024 * 1024;

    /// <inheritdoc/>
    /// <exception cref="PrivatemodeConfigurationException">A setting is invalid.</exception>
    public ValidateOptionsResult Validate(string? name, PrivatemodeProxyOptions options)
    {
        ThrowIfInvalid(options);
        return ValidateOptionsResult.Success;
    }

    /// <exception cref="PrivatemodeConfigurationException">A setting is invalid. The message has a line for each invalid setting.</exception>
    public static void ThrowIfInvalid(PrivatemodeProxyOptions options)
    {
        Faults faults = new();
        CheckKeys(options, faults);
        CheckNames(options, faults);
        CheckModels(options, faults);
        CheckSizes(options, faults);
        CheckTimes(options, faults);
        CheckLimits(options.RateLimit, nameof(options.RateLimit), faults);
        CheckLimits(options.CallerRateLimit, nameof(options.CallerRateLimit), faults);
        faults.ThrowIfAny();
    }

    private static void CheckKeys(PrivatemodeProxyOptions options, Faults faults)
    {
        if (options.UseCallerKeyAsApiKey && (options.CallerKeys.Count > 0 || options.CallerKeyFiles.Count > 0))
        {
            faults.Add(nameof(options.UseCallerKeyAsApiKey), "cannot be combined with CallerKeys or CallerKeyFiles: a caller sends one key.");
        }

        CallerKeySet.Builder keys = new();
        for (int i = 0; i < options.CallerKeys.Count; i++)
        {
            if (keys.Add(options.CallerKeys[i]) is { } fault)
            {
                faults.Add(Item(nameof(options.CallerKeys), i), fault);
            }
        }

        for (int i = 0; i < options.CallerKeyFiles.Count; i++)
        {
            if (string.IsNullOrWhiteSpace(options.CallerKeyFiles[i]))
            {
                faults.Add(Item(nameof(options.CallerKeyFiles), i), "is empty. Set it to the path of a file, or remove it.");
            }
            else if (keys.AddFile(options.CallerKeyFiles[i]) is { } fault)
            {
                faults.Add(Item(nameof(options.CallerKeyFiles), i), fault);
            }
        }

        if (options.PromptCacheSecret is { } secret)
        {
            if (secret.Length < MinSecretBytes)
            {
                faults.Add(nameof(options.PromptCacheSecret), $"has {secret.Length} bytes. Use at least {MinSecretBytes} random bytes.");
            }

            if (!options.SessionPromptCache)
            {
                faults.Add(nameof(options.PromptCacheSecret), "has no effect without SessionPromptCache. Set SessionPromptCache too, or remove the secret.");
            }
        }
    }

    private static void CheckNames(PrivatemodeProxyOptions options, Faults faults)
    {
        CheckCount(options.AllowedHosts.Count, nameof(options.AllowedHosts), faults);
        CheckCount(options.AllowedOrigins.Count, nameof(options.AllowedOrigins), faults);
        for (int i = 0; i < options.AllowedHosts.Count; i++)
        {
            string? host = options.AllowedHosts[i];
            if (host is "*" or "*.")
            {
                faults.Add(Item(nameof(options.AllowedHosts), i), "is '*', which would accept web pages under any name. List the names of this proxy.");
            }
            else if (!HostRules.IsPattern(host))
            {
                faults.Add(Item(nameof(options.AllowedHosts), i), "is not a host name or address without a port, such as proxy.example.org or [2001:db8::1].");
            }
        }

        for (int i = 0; i < options.AllowedOrigins.Count; i++)
        {
            if (!HostRules.IsOrigin(options.AllowedOrigins[i]))
            {
                faults.Add(
                    Item(nameof(options.AllowedOrigins), i),
                    "is not an origin such as https://chat.example.org: http or https, host and port, without a path. '*' and 'null' are refused.");
            }
        }
    }

    private static void CheckModels(PrivatemodeProxyOptions options, Faults faults)
    {
        if (options.Aliases.Count > MaxAliases)
        {
            faults.Add(nameof(options.Aliases), $"has {options.Aliases.Count} entries, more than {MaxAliases}.");
        }

        CheckCount(options.ContextWindows.Count, nameof(options.ContextWindows), faults);
        foreach ((string name, string target) in options.Aliases)
        {
            string setting = $"{nameof(options.Aliases)}:{Shown(name)}";
            if (!(name.EndsWith('*') ? name.Length == 1 || IsModel(name[..^1]) : IsModel(name)))
            {
                faults.Add(setting, "is not a model name: at most 128 letters, digits and ._:/@-, and one '*' at the end for a pattern.");
            }

            if (!IsModel(target))
            {
                faults.Add(setting, "does not name a model: use at most 128 letters, digits and ._:/@-.");
            }
            else if (options.Aliases.ContainsKey(target))
            {
                faults.Add(setting, "names another alias. Name the model instead.");
            }
        }

        ProxyDefaultModels models = options.DefaultModels;
        (string Name, string? Model)[] defaults = [(nameof(models.Chat), models.Chat), (nameof(models.SmallChat), models.SmallChat),
            (nameof(models.Embeddings), models.Embeddings), (nameof(models.Transcription), models.Transcription)];
        foreach ((string name, string? model) in defaults)
        {
            if (model is not null && !IsModel(model))
            {
                faults.Add($"{nameof(options.DefaultModels)}:{name}", "is not a model ID: use at most 128 letters, digits and ._:/@-.");
            }
        }

        foreach ((string model, int tokens) in options.ContextWindows)
        {
            if (!IsModel(model) || tokens is < 1024 or > 10_000_000)
            {
                faults.Add($"{nameof(options.ContextWindows)}:{Shown(model)}", "is not a model ID with a number of tokens from 1024 to 10000000.");
            }
        }
    }

    /// <summary>The largest of the three limits on a request, in bytes.</summary>
    internal static long LargestBody(PrivatemodeProxyOptions options) =>
        Math.Max(options.MaxRequestBodyBytes, Math.Max(options.MaxTranscriptionBytes, options.MaxDocumentBytes));

    private static void CheckSizes(PrivatemodeProxyOptions options, Faults faults)
    {
        CheckRange(options.MaxRequestBodyBytes, 64 * 1024, MaxRequestBodySize, nameof(options.MaxRequestBodyBytes), faults);
        CheckRange(options.MaxTranscriptionBytes, Mebibyte, MaxTranscriptionSize, nameof(options.MaxTranscriptionBytes), faults);
        CheckRange(options.MaxDocumentBytes, Mebibyte, MaxDocumentSize, nameof(options.MaxDocumentBytes), faults);
        long largest = LargestBody(options);
        if (options.MaxBufferedBytes < 2 * largest)
        {
            faults.Add(
                nameof(options.MaxBufferedBytes),
                string.Create(CultureInfo.InvariantCulture, $"must be at least {2 * largest}: twice the size of the largest request."));
        }
    }

    private static void CheckTimes(PrivatemodeProxyOptions options, Faults faults)
    {
        if (options.KeepAliveInterval != Timeout.InfiniteTimeSpan)
        {
            CheckRange(options.KeepAliveInterval, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(2), nameof(options.KeepAliveInterval), faults);
        }

        CheckRange(options.ModelListTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(30), nameof(options.ModelListTimeout), faults);
        CheckRange(options.ShutdownTimeout, TimeSpan.Zero, TimeSpan.FromMinutes(10), nameof(options.ShutdownTimeout), faults);
    }

    private static void CheckLimits(ProxyRateLimits? limits, string name, Faults faults)
    {
        if (limits is null)
        {
            return;
        }

        CheckRange(limits.RequestsPerMinute ?? 1, 1, 100_000, $"{name}:{nameof(limits.RequestsPerMinute)}", faults);
        CheckRange(limits.InputTokensPerMinute ?? 1, 1, 1_000_000_000, $"{name}:{nameof(limits.InputTokensPerMinute)}", faults);
        CheckRange(limits.OutputTokensPerMinute ?? 1, 1, 1_000_000_000, $"{name}:{nameof(limits.OutputTokensPerMinute)}", faults);
        CheckRange(limits.ConcurrentRequests ?? 1, 1, 100_000, $"{name}:{nameof(limits.ConcurrentRequests)}", faults);
        CheckRange(limits.MaxWait, TimeSpan.Zero, TimeSpan.FromMinutes(10), $"{name}:{nameof(limits.MaxWait)}", faults);
        CheckRange(limits.QueueLength, 0, 10_000, $"{name}:{nameof(limits.QueueLength)}", faults);
    }

    private static void CheckCount(int count, string name, Faults faults)
    {
        if (count > MaxListed)
        {
            faults.Add(name, $"has {count} entries, more than {MaxListed}.");
        }
    }

    private static void CheckRange<T>(T value, T least, T most, string name, Faults faults)
        where T : IComparable<T>, IFormattable
    {
        if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
        {
            faults.Add(name, string.Create(CultureInfo.InvariantCulture, $"is {value}. Use a value from {least} to {most}."));
        }
    }

    private static string Item(string name, int index) => $"{name}:{index.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>Returns a name from the configuration for a message, or <c>?</c> if it is not printable or is too long.</summary>
    private static string Shown(string name) => name.Length <= 128 && !name.AsSpan().ContainsAnyExceptInRange('!', '~') ? name : "?";

    private static bool IsModel(string? name) => name is not null && ModelName().IsMatch(name) && !name.Split('/').Any(part => part is "." or ".." or "");

    // As the library's rule for the model of a request.
    [GeneratedRegex(@"\A[A-Za-z0-9._:/@-]{1,128}\z", RegexOptions.CultureInvariant)]
    private static partial Regex ModelName();

    /// <summary>The invalid settings that were found.</summary>
    internal sealed class Faults
    {
        private readonly List<(string Setting, string Message)> _found = [];

        public void Add(string setting, string message) => _found.Add(($"{Section}:{setting}", message));

        /// <exception cref="PrivatemodeConfigurationException">At least one invalid setting was found.</exception>
        public void ThrowIfAny()
        {
            if (_found.Count > 0)
            {
                throw new PrivatemodeConfigurationException(_found[0].Setting, string.Join('\n', _found.Select(fault => $"{fault.Setting} {fault.Message}")));
            }
        }
    }
}
