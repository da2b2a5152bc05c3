using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Serialization;
using Privatemode.AI.Internal;

namespace Privatemode.AI;

/// <summary>Represents the type of an element of a document, as the service names it.</summary>
/// <remarks>The well-known values are static properties. Other values that the service uses can be created with the constructor. Values are compared exactly,
/// including their case. In JSON a value is a string.</remarks>
[JsonConverter(typeof(Converter))]
public readonly record struct DocumentElementType
{
    /// <summary>Initializes a new instance of the <see cref="DocumentElementType"/> structure with a value of the service.</summary>
    /// <param name="value">The value, for example <c>NarrativeText</c>.</param>
    /// <exception cref="ArgumentNullException"><paramref name="value"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="value"/> is empty or white space.</exception>
    public DocumentElementType(string value) => Value = NamedValues.Validate(value);

    /// <summary>Gets the value as the service names it, or <see langword="null"/> for the <see langword="default"/> value.</summary>
    public string? Value { get; }

    /// <summary>Gets the value for a title or heading.</summary>
    public static DocumentElementType Title { get; } = new("Title");

    /// <summary>Gets the value for a paragraph of text.</summary>
    public static DocumentElementType NarrativeText { get; } = new("NarrativeText");

    /// <summary>Gets the value for text that is of no other type.</summary>
    public static DocumentElementType UncategorizedText { get; } = new("UncategorizedText");

    /// <summary>Gets the value for an item of a list.</summary>
    public static DocumentElementType ListItem { get; } = new("ListItem");

    /// <summary>Gets the value for a table.</summary>
    public static DocumentElementType Table { get; } = new("Table");

    /// <summary>Gets the value for an image.</summary>
    public static DocumentElementType Image { get; } = new("Image");

    /// <summary>Gets the value for the caption of an image or table.</summary>
    public static DocumentElementType FigureCaption { get; } = new("FigureCaption");

    /// <summary>Gets the value for a mathematical formula.</summary>
    public static DocumentElementType Formula { get; } = new("Formula");

    /// <summary>Gets the value for the header of a page.</summary>
    public static DocumentElementType Header { get; } = new("Header");

    /// <summary>Gets the value for the footer of a page.</summary>
    public static DocumentElementType Footer { get; } = new("Footer");

    /// <summary>Gets the value for the break between two pages. See <see cref="DocumentOptions.IncludePageBreaks"/>.</summary>
    public static DocumentElementType PageBreak { get; } = new("PageBreak");

    /// <summary>Gets the value for a chunk of several elements. See <see cref="DocumentOptions.Chunking"/>.</summary>
    public static DocumentElementType CompositeElement { get; } = new("CompositeElement");

    /// <summary>Returns the value as the service names it.</summary>
    /// <returns><see cref="Value"/>, or an empty string if it is <see langword="null"/>.</returns>
    public override string ToString() => Value ?? "";

    /// <summary>Converts a <see cref="DocumentElementType"/> to and from a JSON string.</summary>
    [EditorBrowsable(EditorBrowsableState.Never)]
    public sealed class Converter : JsonConverter<DocumentElementType>
    {
        /// <inheritdoc/>
        public override DocumentElementType Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => From(reader.GetString());

        /// <inheritdoc/>
        public override void Write(Utf8JsonWriter writer, DocumentElementType value, JsonSerializerOptions options) =>
            NamedValues.Write(writer, value.Value);
    }

    /// <summary>Returns the type with a name, or <see langword="default"/> if the name is empty or missing.</summary>
    internal static DocumentElementType From(string? value) => string.IsNullOrWhiteSpace(value) ? default : new DocumentElementType(value);
}
