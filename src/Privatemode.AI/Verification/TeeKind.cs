using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Serialization;
using Privatemode.AI.Internal;

namespace Privatemode.AI;

/// <summary>Represents a technology for trusted execution environments (TEEs).</summary>
/// <remarks>The well-known values are static properties. Values are compared exactly, including their case. In JSON a value is a string.</remarks>
[JsonConverter(typeof(Converter))]
public readonly record struct TeeKind
{
    /// <summary>Initializes a new instance of the <see cref="TeeKind"/> structure.</summary>
    /// <param name="value">The name of the technology, for example <c>SEV-SNP</c>.</param>
    /// <exception cref="ArgumentNullException"><paramref name="value"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="value"/> is empty or white space.</exception>
    public TeeKind(string value) => Value = NamedValues.Validate(value);

    /// <summary>Gets the name of the technology, or <see langword="null"/> for the default value, which represents no technology.</summary>
    public string? Value { get; }

    /// <summary>Gets the value for AMD SEV-SNP.</summary>
    public static TeeKind SevSnp { get; } = new("SEV-SNP");

    /// <summary>Gets the value for Intel TDX.</summary>
    public static TeeKind Tdx { get; } = new("TDX");

    /// <summary>Returns the name of the technology.</summary>
    /// <returns><see cref="Value"/>, or an empty string if it is <see langword="null"/>.</returns>
    public override string ToString() => Value ?? "";

    /// <summary>Converts a <see cref="TeeKind"/> to and from a JSON string.</summary>
    [EditorBrowsable(EditorBrowsableState.Never)]
    public sealed class Converter : JsonConverter<TeeKind>
    {
        /// <inheritdoc/>
        public override TeeKind Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            NamedValues.Read(ref reader) is { } name ? new TeeKind(name) : default;

        /// <inheritdoc/>
        public override void Write(Utf8JsonWriter writer, TeeKind value, JsonSerializerOptions options) =>
            NamedValues.Write(writer, value.Value);
    }
}
