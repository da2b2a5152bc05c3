using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text.Json;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Receipts;

namespace Privatemode.AI.Documents;

/// <summary>Sends a document and reads the answer.</summary>
internal sealed class DocumentCall
{
    public const string FileField = "files";

    private const string NeutralName = "document";

    private static readonly PipelineMessageClassifier Success = PipelineMessageClassifier.Create([200]);

    private static readonly AnswerParser Format = new(data => ElementReader.Read(data.ToMemory()), () => FileField);

    private readonly ClientPipeline _pipeline;
    private readonly Uri _address;
    private readonly int _largestForm;
    private readonly ExceptionMapper _failures;

    /// <param name="pipeline">The pipeline that encrypts and sends the requests.</param>
    /// <param name="address">The address of the endpoint.</param>
    /// <param name="largestForm">The maximum size of a form, before encryption, in bytes.</param>
    /// <param name="failures">Maps exceptions of the pipeline to those for callers.</param>
    public DocumentCall(ClientPipeline pipeline, Uri address, int largestForm, ExceptionMapper failures) =>
        (_pipeline, _address, _largestForm, _failures) = (pipeline, address, largestForm, failures);

    public async Task<PartitionedDocument> PartitionAsync(
        Stream document, string? fileName, DocumentOptions options, CancellationToken cancellationToken)
    {
        using FormContent content = await ContentAsync(document, fileName, options, cancellationToken).ConfigureAwait(false);
        ReceiptScope scope = ReceiptScope.Begin();
        try
        {
            using PipelineResponse response = await SendAsync(content, cancellationToken).ConfigureAwait(false);
            return new PartitionedDocument
            {
                Elements = ElementReader.Read(response.Content.ToMemory()),
                Receipt = scope.Receipt,
            };
        }
        catch (Exception exception) when (_failures.TryMap(exception, scope, Format, out Exception? mapped))
        {
            throw await _failures.ExplainAsync(mapped, cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask<FormContent> ContentAsync(
        Stream document, string? fileName, DocumentOptions options, CancellationToken cancellationToken)
    {
        List<FormField> fields = DocumentForm.Fields(options);
        string name = FileNames.Clean(fileName) ?? FileNames.Clean((document as FileStream)?.Name) ?? NeutralName;
        string type = DocumentForm.TypeOf(options);

        // The limit applies to the whole form.
        FileLimit limit = new(
            _largestForm - FormContent.OverheadOf(fields, FileField, name, type), "Split it, or compress it with gzip and set UncompressedMediaType.");
        FileSource source = await FileSource.OpenAsync(document, limit, cancellationToken).ConfigureAwait(false);
        return new FormContent(fields, FileField, name, type, source);
    }

    private async ValueTask<PipelineResponse> SendAsync(FormContent content, CancellationToken cancellationToken)
    {
        using PipelineMessage message = _pipeline.CreateMessage();
        message.ResponseClassifier = Success;
        message.Request.Method = "POST";
        message.Request.Uri = _address;
        message.Request.Headers.Set(ProtocolHeaders.ContentType, content.ContentType);
        message.Request.Headers.Set(ProtocolHeaders.Accept, "application/json");
        message.Request.Content = content;
        message.Apply(new RequestOptions { CancellationToken = cancellationToken });
        await _pipeline.SendAsync(message).ConfigureAwait(false);
        PipelineResponse response = message.ExtractResponse() ?? throw new InvalidOperationException("There is no response.");
        if (!response.IsError)
        {
            return response;
        }

        using (response)
        {
            throw await ClientResultException.CreateAsync(response).ConfigureAwait(false);
        }
    }
}

/// <summary>Reads the elements of a document.</summary>
internal static class ElementReader
{
    /// <exception cref="JsonException">The text is not JSON.</exception>
    /// <exception cref="FormatException">The text is not a list of elements.</exception>
    /// <exception cref="InvalidOperationException">A member has the wrong type.</exception>
    public static List<DocumentElement> Read(ReadOnlyMemory<byte> json)
    {
        Utf8JsonReader reader = new(json.Span);

        // Not a pooled document: the elements keep their metadata.
        JsonElement root = JsonElement.ParseValue(ref reader);
        List<DocumentElement> elements = [];
        foreach (JsonElement element in root.EnumerateArray())
        {
            elements.Add(ReadElement(element));
        }

        return elements;
    }

    private static DocumentElement ReadElement(JsonElement element)
    {
        JsonElement metadata = Find(element, "metadata");
        return new DocumentElement
        {
            Type = DocumentElementType.From(Text(element, "type") ?? throw new FormatException("type")),
            Text = Text(element, "text") ?? "",
            Id = Text(element, "element_id"),
            ParentId = Text(metadata, "parent_id"),
            PageNumber = Find(metadata, "page_number") is { ValueKind: JsonValueKind.Number } page && page.TryGetInt32(out int number) ? number : null,
            FileName = Text(metadata, "filename"),
            FileMediaType = Text(metadata, "filetype"),
            Languages = Find(metadata, "languages") is { ValueKind: JsonValueKind.Array } languages
                ? [.. languages.EnumerateArray().Where(language => language.ValueKind == JsonValueKind.String).Select(language => language.GetString()!)] : [],
            TextAsHtml = Text(metadata, "text_as_html"),
            ImageBase64 = Text(metadata, "image_base64"),
            ImageMediaType = Text(metadata, "image_mime_type"),
            Metadata = metadata.ValueKind == JsonValueKind.Undefined ? null : metadata,
        };
    }

    /// <summary>Returns a member, or an undefined element if it is missing or null, or if the parent is not an object.</summary>
    private static JsonElement Find(JsonElement element, string name) => element.ValueKind == JsonValueKind.Object
        && element.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : default;

    private static string? Text(JsonElement element, string name) =>
        Find(element, name) is { ValueKind: not JsonValueKind.Undefined } value ? value.GetString() : null;
}
