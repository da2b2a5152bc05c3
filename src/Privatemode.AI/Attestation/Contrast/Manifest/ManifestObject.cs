using System.Text.Json;

namespace Privatemode.AI.Attestation.Contrast;

/// <summary>An object of a manifest: like <see cref="StrictObject"/>, and values in hexadecimal or as numbers, each with its own check.</summary>
internal readonly struct ManifestObject(JsonElement element, string path, params ReadOnlySpan<string> names)
{
    /// <summary>What becomes of a manifest that is not as it should be.</summary>
    public static readonly StrictFailure Failure = new(
        ManifestChecks.Format,
        "The manifest cannot be accepted. Do not send anything; get the manifest from a source you trust, or update this package.");

    private readonly StrictObject _members = new(element, path, Failure, names);

    public string PathOf(string name) => _members.PathOf(name);

    public JsonElement? Member(string name) => _members.Member(name);

    /// <summary>A member that must be there, as an object or an array.</summary>
    public JsonElement Required(string name, string check) =>
        _members.Member(name) ?? throw Failure.For(check).Create($"member {_members.PathOf(name)}");

    public string Text(string name) => _members.OptionalText(name) ?? "";

    public IReadOnlyList<string> TextItems(string name) => _members.TextItems(name);

    public IEnumerable<JsonElement> Items(string name) => _members.Items(name);

    public bool Flag(string name) => _members.Flag(name);

    /// <summary>Hexadecimal of this many bytes, in either case; none when it is absent or empty and that is allowed.</summary>
    public byte[] Hex(string name, int size, string check, bool mayBeEmpty = false)
    {
        string text = Text(name);
        return mayBeEmpty && text.Length == 0 ? [] : Hex(text, size, check, _members.PathOf(name));
    }

    public IReadOnlyList<ReadOnlyMemory<byte>> HexItems(string name, int? size, string check)
    {
        List<ReadOnlyMemory<byte>> items = [];
        foreach (string text in TextItems(name))
        {
            items.Add(Hex(text, size ?? (text.Length / 2), check, $"{_members.PathOf(name)}[{items.Count}]"));
        }

        return items;
    }

    /// <summary>An integer from 0 to the limit; null when it is absent.</summary>
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

    /// <summary>An integer of 32 bits with sign; 0 when it is absent.</summary>
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
        // Length first: the decoder wants an even one and would throw.
        if (text.Length == 2 * size && text.All(char.IsAsciiHexDigit))
        {
            return Convert.FromHexString(text);
        }

        throw Failure.For(check).Create($"{path} as {size} bytes in hexadecimal", $"{text.Length} characters");
    }
}
