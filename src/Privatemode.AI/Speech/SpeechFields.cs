using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Speech;

/// <summary>The fields of a form under way, each name once: the service keeps only the first of two.</summary>
internal sealed class SpeechFields(AdditionalPropertiesDictionary? extras)
{
    private const string Member = "SpeechToTextOptions.AdditionalProperties";
    private const int NameLimit = 64;

    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_[]");

    private readonly List<FormField> _fields = [];

    public IReadOnlyList<FormField> All => _fields;

    /// <summary>Adds a field, unless its value is null.</summary>
    public string? Add(string name, string? value)
    {
        if (value is not null)
        {
            _fields.Add(new FormField(name, value));
        }

        return value;
    }

    /// <summary>The value of a field; null when there is none.</summary>
    public string? Find(string name) => _fields.Find(field => field.Name == name).Value;

    /// <summary>Adds what the caller gave as additional properties.</summary>
    /// <exception cref="PrivatemodeRequestException">A name is taken or not a name, or a value is not text, a number or a boolean.</exception>
    public void AddExtras()
    {
        foreach ((string name, object? value) in extras ?? [])
        {
            if (name.Length is 0 or > NameLimit || name.AsSpan().ContainsAnyExcept(NameCharacters))
            {
                throw new PrivatemodeRequestException(
                    Member, $"A name must be 1 to {NameLimit} of A-Z a-z 0-9 _ [ ]: names of fields are not encrypted.");
            }

            if (name is "file" or "model" or "stream" or "stream_include_usage" or "stream_continuous_usage_stats")
            {
                throw new PrivatemodeRequestException(Member, $"'{name}' is written by this library. Use the typed option instead.");
            }

            if (Find(name) is not null)
            {
                throw new PrivatemodeRequestException(
                    Member, $"'{name}' is also set by a typed option or by RawRepresentationFactory. Set it once.");
            }

            _ = Add(name, TextOf(name, value));
        }
    }

    private static string? TextOf(string name, object? value) => value switch
    {
        null or JsonElement { ValueKind: JsonValueKind.Null } => null,
        string text => text,
        bool flag => flag ? "true" : "false",
        JsonElement { ValueKind: JsonValueKind.String } element => WellFormedText.Of(Member, element).GetString(),
        JsonElement { ValueKind: JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False } element => element.GetRawText(),
        float.NaN or float.PositiveInfinity or float.NegativeInfinity or double.NaN or double.PositiveInfinity or double.NegativeInfinity =>
            throw new PrivatemodeRequestException(Member, $"The value of '{name}' is NaN or infinite. Use a finite number, or leave it out."),
        byte or sbyte or short or ushort or int or uint or long or ulong or decimal or float or double =>
            ((IFormattable)value).ToString(null, CultureInfo.InvariantCulture),
        _ => throw new PrivatemodeRequestException(Member, $"The value of '{name}' cannot be sent as a form field. Use text, a number or a Boolean."),
    };
}
