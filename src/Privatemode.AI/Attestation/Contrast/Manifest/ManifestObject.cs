using System.Text.Json;

namespace Privatemode.AI.Attestation.Contrast;

/// <summary>An object of a manifest: a <see cref="StrictObject"/> with hexadecimal values and numbers, each with its own check.</summary>
internal readonly struct ManifestObject(JsonElement element, string path, params ReadOnlySpan<string> names)
{
    /// <summary>The exceptions for an invalid manifest.</summary>
    public static readonly StrictJsonExceptions Failure = new(
        ManifestChecks.Format,
        "The manifest cannot be accepted. Do not send anything; get the manifest from a source you trust, or update this package.");

    private readonly StrictObject _members = new(element, path, Failure, names);

    public string PathOf(string name) => _members.PathOf(name);

    public JsonElement? Member(string name) => _members.Member(name);

    /// <summary>A required member, as an object or an array.</summary>
    public JsonElement Required(string name, string check) =>
        _members.Member(name) ?? throw Failure.For(check).Create($"member {_members.PathOf(name)}");

    public string Text(string name) => _members.OptionalText(name) ?? "";

    public IReadOnlyList<string> TextItems(string name) => _members.TextItems(name);

    public bool Flag(string name) => _members.Flag(name);

    /// <summary>Hexadecimal of the specified number of bytes, in either case; empty if it is absent or empty and that is allowed.</summary>
    public byte[] Hex(string name, int size, string check, bool mayBeEmpty = false)
    {
        string text = Text(name);
        return mayBeEmpty && text.Length == 0 ? [] : Hex(text, size, check, _members.PathOf(name));
    }

    public IReadOnlyList<T> ReadList<T>(string name, Func<JsonElement, string, T> read) => _members.ReadList(name, read);

    public IReadOnlyList<ReadOnlyMemory<byte>> HexItems(string name, int? size, string check)
    {
        string path = _members.PathOf(name);
        return [.. TextItems(name).Select((text, i) => (ReadOnlyMemory<byte>)Hex(text, size ?? (text.Length / 2), check, $"{path}[{i}]"))];
    }

    /// <summary>The bits of the flags that are set.</summary>
    public ulong Flags(IEnumerable<(string Name, ulong Bit)> flags)
    {
        ulong value = 0;
        foreach ((string name, ulong bit) in flags)
        {
            value |= Flag(name) ? bit : 0;
        }

        return value;
    }

    /// <summary>An integer from 0 to the limit; null if it is absent.</summary>
    public ulong? Number(string name, ulong limit, string check)
    {
        if (_members.Member(name) is not { } member)
        {
            return null;
        }

        return member.ValueKind == JsonValueKind.Number && member.TryGetUInt64(out ulong number) && number <= limit
            ? number
            : throw Failure.For(check).Create($"{_members.PathOf(name)} as an integer from 0 to {limit}");
    }

    /// <summary>A signed 32-bit integer; 0 if it is absent.</summary>
    public int SignedNumber(string name)
    {
        if (_members.Member(name) is not { } member)
        {
            return 0;
        }

        return member.ValueKind == JsonValueKind.Number && member.TryGetInt32(out int number)
            ? number
            : throw Failure.Create($"{_members.PathOf(name)} as an integer");
    }

    public static byte[] Hex(string text, int size, string check, string path)
    {
        // Check the length first: the decoder throws for an odd one.
        if (text.Length == 2 * size && text.All(char.IsAsciiHexDigit))
        {
            return Convert.FromHexString(text);
        }

        throw Failure.For(check).Create($"{path} as {size} bytes in hexadecimal", $"{text.Length} characters");
    }
}

/// <summary>Stable names of the checks that a manifest must pass before it is used.</summary>
internal static class ManifestChecks
{
    public const string Format = "manifest-format"; // The manifest is a JSON object of the expected form, with members of the right types.
    public const string PolicyHash = "manifest-policy-hash"; // Each policy has a unique name, a SHA-256 in hexadecimal.
    public const string Role = "manifest-role"; // Each policy has a known role.
    public const string Coordinator = "manifest-coordinator"; // At least one policy is the coordinator's.
    public const string ReferenceValues = "manifest-reference-values"; // There is at least one reference value.
    public const string ReferenceValueKind = "manifest-reference-value-kind"; // Reference values are of kinds that this client can check.
    public const string InsecurePlatform = "manifest-insecure-platform"; // No reference value is of a platform without protection.
    public const string Product = "manifest-snp-product"; // The product is Milan or Genoa.
    public const string Measurement = "manifest-snp-measurement"; // The launch digest has 48 bytes.
    public const string ResetAddress = "manifest-snp-apeip"; // The address at which application processors begin is absent, empty, or 4 bytes.
    public const string MinimumTcb = "manifest-snp-minimum-tcb"; // All four minimum versions are numbers from 0 to 255.
    public const string Debug = "manifest-snp-debug"; // The guest policy does not allow debugging.
    public const string Migration = "manifest-snp-migration"; // The guest policy does not allow a migration agent.
    public const string ChipId = "manifest-snp-chip-id"; // Each allowed chip ID has 64 bytes.
    // MRTD, MRSEAM and the runtime measurements have 48 bytes each, and there are four of the latter.
    public const string TdxMeasurement = "manifest-tdx-measurement";
    public const string Xfam = "manifest-tdx-xfam"; // XFAM has 8 bytes.
    public const string PlatformInstance = "manifest-tdx-piid"; // Each allowed platform instance has 16 bytes.
    public const string WorkloadOwnerKey = "manifest-workload-owner-key"; // The keys of workload owners are ECDSA public keys, or digests of them.
    public const string SeedShareOwnerKey = "manifest-seedshare-owner-key"; // The keys of seed share owners are RSA public keys.
}
