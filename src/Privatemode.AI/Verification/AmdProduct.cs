using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Serialization;
using Privatemode.AI.Internal;

namespace Privatemode.AI;

/// <summary>Represents a product line of AMD EPYC processors, as a manifest names it.</summary>
/// <remarks>The well-known values are static properties. Values are compared exactly, including their case. In JSON a value is a string.</remarks>
[JsonConverter(typeof(Converter))]
public readonly record struct AmdProduct
{
    /// <summary>Initializes a new instance of the <see cref="AmdProduct"/> structure.</summary>
    /// <param name="value">The name of the product line, for example <c>Genoa</c>.</param>
    /// <exception cref="ArgumentNullException"><paramref name="value"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="value"/> is empty or white space.</exception>
    public AmdProduct(string value) => Value = NamedValues.Validate(value);

    /// <summary>Gets the name of the product line, or <see langword="null"/> for the default value, which represents no product line.</summary>
    public string? Value { get; }

    /// <summary>Gets the value for AMD EPYC 7003 (Milan).</summary>
    public static AmdProduct Milan { get; } = new("Milan");

    /// <summary>Gets the value for AMD EPYC 9004 (Genoa).</summary>
    public static AmdProduct Genoa { get; } = new("Genoa");

    /// <summary>Gets the value for AMD EPYC 9005 (Turin).</summary>
    public static AmdProduct Turin { get; } = new("Turin");

    /// <summary>Returns the name of the product line.</summary>
    /// <returns><see cref="Value"/>, or an empty string if it is <see langword="null"/>.</returns>
    public override string ToString() => Value ?? "";

    /// <summary>Converts an <see cref="AmdProduct"/> to and from a JSON string.</summary>
    [EditorBrowsable(EditorBrowsableState.Never)]
    public sealed class Converter : JsonConverter<AmdProduct>
    {
        /// <inheritdoc/>
        public override AmdProduct Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            NamedValues.Read(ref reader) is { } name ? new AmdProduct(name) : default;

        /// <inheritdoc/>
        public override void Write(Utf8JsonWriter writer, AmdProduct value, JsonSerializerOptions options) =>
            NamedValues.Write(writer, value.Value);
    }
}
