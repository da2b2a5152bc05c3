using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Privatemode.AI.Attestation.Contrast;

/// <summary>A manifest as a flat list of places and printable values, so that two of them can be compared.</summary>
/// <remarks>
/// Made for a manifest nobody has approved yet: two different places never get the same name, two different values never the same text,
/// and nothing but printable ASCII comes out.
/// </remarks>
internal sealed class ManifestValues
{
    private const string Policies = "Policies";
    private const string OrderedList = ".Rtmrs";
    private const int LongestText = 256;
    private const int ShownOfLongText = 40;
    private const int LongestPath = 512;
    private const int ShownOfLongPath = 200;

    private readonly SortedDictionary<string, string> _values = new(StringComparer.Ordinal);
    private readonly Stack<(string Path, JsonElement Element)> _rest = new();

    private ManifestValues()
    {
    }

    /// <summary>
    /// One value per workload and one per value elsewhere. An element of a list of texts is named by its text, because only the runtime
    /// measurements have an order that means something.
    /// </summary>
    public static IReadOnlyDictionary<string, string> Read(Manifest manifest)
    {
        using JsonDocument document = JsonDocument.Parse(manifest.Raw);
        ManifestValues values = new();
        values.TakePolicies(manifest, document.RootElement.GetProperty(Policies));
        foreach (JsonProperty member in document.RootElement.EnumerateObject().Where(member => member.Name != Policies))
        {
            values._rest.Push((Short(Name(member.Name)), member.Value));
        }

        while (values._rest.TryPop(out (string Path, JsonElement Element) next))
        {
            values.Take(next.Path, next.Element);
        }

        return values._values;
    }

    private void TakePolicies(Manifest manifest, JsonElement policies)
    {
        foreach (WorkloadPolicy policy in manifest.Policies)
        {
            _values[$"{Policies}.{policy.Hash}"] = Describe(policy);
        }

        foreach (JsonProperty policy in policies.EnumerateObject())
        {
            foreach (JsonProperty member in policy.Value.EnumerateObject().Where(member => !WorkloadPolicy.Members.Contains(member.Name)))
            {
                _rest.Push((Short($"{Policies}.{policy.Name.ToLowerInvariant()}.{Name(member.Name)}"), member.Value));
            }
        }
    }

    private void Take(string path, JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (JsonProperty member in element.EnumerateObject())
                {
                    _rest.Push((Short($"{path}.{Name(member.Name)}"), member.Value));
                }

                break;
            case JsonValueKind.Array:
                TakeList(path, element);
                break;
            default:
                _values[path] = Text(element.GetRawText());
                break;
        }
    }

    private void TakeList(string path, JsonElement list)
    {
        bool ordered = path.EndsWith(OrderedList, StringComparison.Ordinal);
        int index = 0;
        foreach (JsonElement item in list.EnumerateArray())
        {
            if (item.ValueKind == JsonValueKind.String && !ordered)
            {
                _values[Short($"{path}[{Text(item.GetRawText())}]")] = "listed";
            }
            else
            {
                _rest.Push(($"{path}[{index.ToString(CultureInfo.InvariantCulture)}]", item));
            }

            index++;
        }
    }

    // Never cut: one of many names, or the end of a long id, makes a workload the secret service.
    private static string Describe(WorkloadPolicy policy)
    {
        string names = string.Join(", ", policy.Names.Select(name => Printable(Json(name))));
        string role = policy.Role.Length == 0 ? "" : $"role {policy.Role}, ";
        string secret = policy.WorkloadSecretId.Length == 0 ? "" : $", secrets of {Printable(Json(policy.WorkloadSecretId))}";
        return $"{role}names {names}{secret}";
    }

    private static string Quoted(string text) => Text(Json(text));

    private static string Json(string text) => $"\"{text.Replace("\\", "\\\\").Replace("\"", "\\\"")}\"";

    // A name with marks of a path in it, or that is long, is shown as a text, so that it cannot stand for another place.
    private static string Name(string name) =>
        name.Length is > 0 and <= LongestText && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-' or '$')
            ? name
            : Quoted(name);

    // Below a long name stand thousands of places, each of which repeats it. A bracket never follows dots in another place's name.
    private static string Short(string path) => path.Length <= LongestPath
        ? path
        : $"{path[..ShownOfLongPath]}...[{path.Length} characters, SHA-256 {Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(path)))}]";

    // JSON's own text, with quotes; a long one is told apart by its digest.
    private static string Text(string json)
    {
        if (json.Length > LongestText)
        {
            string digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(json)));
            return $"{Printable(json[..ShownOfLongText])}... ({json.Length} characters, SHA-256 {digest})";
        }

        return Printable(json);
    }

    // What is not printable ASCII becomes its code.
    private static string Printable(string json)
    {
        StringBuilder printable = new();
        foreach (char character in json)
        {
            _ = character is >= ' ' and <= '~'
                ? printable.Append(character)
                : printable.Append("\\u").Append(((int)character).ToString("x4", CultureInfo.InvariantCulture));
        }

        return printable.ToString();
    }
}
