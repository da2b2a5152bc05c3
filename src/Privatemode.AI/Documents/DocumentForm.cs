using System.Buffers;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Documents;

/// <summary>Converts options to the fields of the form. Lists are JSON in one field, as in the service's own client.</summary>
internal static class DocumentForm
{
    public const string DefaultType = "application/octet-stream";

    private const string OutputFormat = "output_format";
    private const string Json = "application/json";
    private const string Options = nameof(DocumentOptions);
    private const string AdditionalMember = $"{Options}.{nameof(DocumentOptions.AdditionalFields)}";
    private const int MaxTypeLength = 128;

    private static readonly AdditionalPropertyWriter Names = new(AdditionalMember, new HashSet<string> { DocumentCall.FileField }, isForm: true);

    /// <exception cref="PrivatemodeRequestException">An option has an invalid value. The exception names the option.</exception>
    public static List<FormField> Fields(DocumentOptions options)
    {
        List<FormField> fields = [];
        foreach ((string name, string? value) in Typed(options))
        {
            if (value is not null)
            {
                fields.Add(new FormField(name, value));
            }
        }

        foreach ((string name, string value) in options.AdditionalFields)
        {
            Names.ThrowIfNotFree(name, fields.Exists(field => field.Name == name));
            ValidateValue(name, value);
            fields.Add(new FormField(name, value));
        }

        return fields;
    }

    /// <summary>Returns the media type of the file without parameters, because the service compares the whole text.</summary>
    /// <exception cref="PrivatemodeRequestException">The option is not a media type.</exception>
    public static string TypeOf(DocumentOptions options) => options.MediaType is not { } type ? DefaultType
        : type.Length <= MaxTypeLength && Ascii.IsValid(type) && MediaTypeHeaderValue.TryParse(type, out MediaTypeHeaderValue? parsed)
            ? MediaTypes.Normalize(parsed.MediaType!)
            : throw new PrivatemodeRequestException(
                $"{Options}.{nameof(DocumentOptions.MediaType)}", "MediaType is not a media type. Use a value such as application/pdf.");

    private static (string Name, string? Value)[] Typed(DocumentOptions options) =>
    [
        ("strategy", Word(options.Strategy?.Value)),
        ("gz_uncompressed_content_type", options.UncompressedMediaType is { Length: > 0 } type ? MediaTypes.Normalize(type) : null),
        ("languages", List(options.Languages)),
        ("encoding", Word(options.Encoding)),
        ("hi_res_model_name", Word(options.HighResolutionModel)),
        ("coordinates", Flag(options.IncludeCoordinates)),
        ("include_page_breaks", Flag(options.IncludePageBreaks)),
        ("include_slide_notes", Flag(options.IncludeSlideNotes)),
        ("starting_page_number", Number(options.StartingPageNumber)),
        ("unique_element_ids", Flag(options.UniqueElementIds)),
        ("xml_keep_tags", Flag(options.KeepXmlTags)),
        ("pdf_infer_table_structure", Flag(options.InferPdfTables)),
        ("skip_infer_table_types", List(options.SkipTablesOf)),
        ("extract_image_block_types", List(ElementTypes(options.ExtractImagesOf))),
        ("chunking_strategy", Word(options.Chunking?.Value)),
        ("max_characters", Count(options.MaxCharacters, nameof(options.MaxCharacters))),
        ("new_after_n_chars", Count(options.NewAfterCharacters, nameof(options.NewAfterCharacters))),
        ("combine_under_n_chars", Count(options.CombineUnderCharacters, nameof(options.CombineUnderCharacters))),
        ("overlap", Count(options.OverlapCharacters, nameof(options.OverlapCharacters))),
        ("overlap_all", Flag(options.OverlapAll)),
        ("multipage_sections", Flag(options.AllowMultipageSections)),
        ("similarity_threshold", Similarity(options.SimilarityThreshold)),
        ("include_orig_elements", Flag(options.IncludeOriginalElements)),
        (OutputFormat, options.AdditionalFields.ContainsKey(OutputFormat) ? null : Json),
    ];

    private static string? Word(string? value) => string.IsNullOrEmpty(value) ? null : value;

    private static string? Flag(bool? value) => value is null ? null : value.Value ? "true" : "false";

    private static string? Number(int? value) => value?.ToString(CultureInfo.InvariantCulture);

    private static string? Count(int? value, string member) => value is >= 0 or null ? Number(value)
        : throw new PrivatemodeRequestException($"{Options}.{member}", $"{member} is a length in characters and cannot be negative.");

    private static string? Similarity(float? value) => value is null or (> 0 and < 1) ? value?.ToString(CultureInfo.InvariantCulture)
        : throw new PrivatemodeRequestException(
            $"{Options}.{nameof(DocumentOptions.SimilarityThreshold)}", "The similarity threshold must be above 0 and below 1.");

    private static IEnumerable<string>? ElementTypes(IList<DocumentElementType>? types) => types?.Select(type => type.Value
        ?? throw new PrivatemodeRequestException(
            $"{Options}.{nameof(DocumentOptions.ExtractImagesOf)}",
            "ExtractImagesOf contains a value without a name (default). Use a value such as DocumentElementType.Table."));

    private static string? List(IEnumerable<string>? values)
    {
        if (values is null)
        {
            return null;
        }

        ArrayBufferWriter<byte> text = new();
        using (Utf8JsonWriter json = new(text))
        {
            json.WriteStartArray();
            foreach (string value in values)
            {
                json.WriteStringValue(value);
            }

            json.WriteEndArray();
        }

        return Encoding.UTF8.GetString(text.WrittenSpan);
    }

    private static void ValidateValue(string name, string value)
    {
        if (value is null || (name == OutputFormat && value != Json))
        {
            throw new PrivatemodeRequestException(AdditionalMember, value is null ? $"'{name}' has no value. Leave it out."
                : $"The {OutputFormat} must be {Json}: only JSON answers can be decrypted.");
        }
    }
}
