using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Privatemode.AI.Documents;

namespace Privatemode.AI.Tests.Documents;

public sealed class DocumentFormTests
{
    private static readonly JsonSerializerOptions Reflecting = new() { TypeInfoResolver = new DefaultJsonTypeInfoResolver() };

    [Fact]
    public void NoOptions_OnlyTheFormat() => Assert.Equal("output_format=application/json", Fields(new DocumentOptions()));

    [Fact]
    public void Options_All_AreTheParametersOfTheService()
    {
        DocumentOptions options = new()
        {
            Strategy = DocumentStrategy.HighResolution,
            UncompressedMediaType = "application/pdf",
            Languages = ["eng", "deu"],
            Encoding = "utf-8",
            HighResolutionModel = "yolox",
            IncludeCoordinates = true,
            IncludePageBreaks = false,
            IncludeSlideNotes = true,
            StartingPageNumber = -3,
            UniqueElementIds = true,
            KeepXmlTags = true,
            InferPdfTables = true,
            SkipTablesOf = [],
            ExtractImagesOf = [DocumentElementType.Image, new("Ta\"ble")],
            Chunking = DocumentChunking.BySimilarity,
            MaxCharacters = 500,
            NewAfterCharacters = 400,
            CombineUnderCharacters = 100,
            OverlapCharacters = 0,
            OverlapAll = false,
            AllowMultipageSections = true,
            SimilarityThreshold = 0.5f,
            IncludeOriginalElements = false,
        };
        options.AdditionalFields["vlm_model"] = "some model";
        Assert.Equal(
            "strategy=hi_res;gz_uncompressed_content_type=application/pdf;languages=[\"eng\",\"deu\"];encoding=utf-8;hi_res_model_name=yolox;" +
            "coordinates=true;include_page_breaks=false;include_slide_notes=true;starting_page_number=-3;unique_element_ids=true;xml_keep_tags=true;" +
            "pdf_infer_table_structure=true;skip_infer_table_types=[];extract_image_block_types=[\"Image\",\"Ta\\u0022ble\"];" +
            "chunking_strategy=by_similarity;max_characters=500;new_after_n_chars=400;combine_under_n_chars=100;overlap=0;overlap_all=false;" +
            "multipage_sections=true;similarity_threshold=0.5;include_orig_elements=false;output_format=application/json;vlm_model=some model",
            Fields(options));
    }

    [Theory]
    [InlineData("MaxCharacters")]
    [InlineData("NewAfterCharacters")]
    [InlineData("CombineUnderCharacters")]
    [InlineData("OverlapCharacters")]
    public void Count_Negative_IsNamed(string member)
    {
        DocumentOptions options = new();
        typeof(DocumentOptions).GetProperty(member)!.SetValue(options, -1);
        Assert.Equal($"DocumentOptions.{member}", Assert.Throws<PrivatemodeRequestException>(() => Fields(options)).Member);
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(1f)]
    [InlineData(float.NaN)]
    public void Similarity_OutOfRange_IsNamed(float threshold) => Assert.Equal(
        "DocumentOptions.SimilarityThreshold", Assert.Throws<PrivatemodeRequestException>(
        () => Fields(new DocumentOptions { SimilarityThreshold = threshold })).Member);

    [Theory]
    [InlineData("output_format", "text/csv")]
    [InlineData("files", "x")]
    [InlineData("a\"; filename=\"b", "x")]
    [InlineData("", "x")]
    [InlineData("a", null)]
    [InlineData("strategy", "fast")]
    public void AdditionalField_NotOneThatCanBe_IsRefused(string name, string? value)
    {
        DocumentOptions options = new() { Strategy = DocumentStrategy.Fast };
        options.AdditionalFields[name] = value!;
        PrivatemodeRequestException exception = Assert.Throws<PrivatemodeRequestException>(() => Fields(options));
        Assert.EndsWith("AdditionalFields", exception.Member, StringComparison.Ordinal);
    }

    [Fact]
    public void AdditionalField_TheFormatItIs_Passes()
    {
        DocumentOptions options = new();
        options.AdditionalFields["output_format"] = "application/json";
        Assert.Equal("output_format=application/json", Fields(options));
    }

    [Theory]
    [InlineData(null, "application/octet-stream")]
    [InlineData("application/pdf", "application/pdf")]
    [InlineData("text/html; charset=utf-8", "text/html")]
    public void ContentType_MediaType_IsThat(string? given, string sent) =>
        Assert.Equal(sent, DocumentForm.TypeOf(new DocumentOptions { MediaType = given }));

    [Theory]
    [InlineData("pdf")]
    [InlineData("")]
    [InlineData("application/pdf\r\nX: y")]
    [InlineData("application/pdfä")]
    public void ContentType_None_IsNamed(string given) => Assert.Equal(
        "DocumentOptions.MediaType", Assert.Throws<PrivatemodeRequestException>(
        () => DocumentForm.TypeOf(new DocumentOptions { MediaType = given })).Member);

    [Fact]
    public void Words_NotGiven_ReadAsEmptyText()
    {
        Assert.Equal("", default(DocumentStrategy).ToString());
        Assert.Equal("", default(DocumentChunking).ToString());
    }

    [Fact]
    public void Words_OfTheService_AreWhatTheySay()
    {
        Assert.Equal(
            "auto fast hi_res ocr_only vlm",
            $"{DocumentStrategy.Auto} {DocumentStrategy.Fast} {DocumentStrategy.HighResolution} {DocumentStrategy.OcrOnly} {DocumentStrategy.VisionModel}");
        Assert.Equal(
            "basic by_title by_page by_similarity",
            $"{DocumentChunking.Basic} {DocumentChunking.ByTitle} {DocumentChunking.ByPage} {DocumentChunking.BySimilarity}");
        Assert.Equal("output_format=application/json", Fields(new DocumentOptions { Strategy = default(DocumentStrategy) }));
    }

    [Fact]
    public void Elements_Read_HaveWhatIsTold()
    {
        List<DocumentElement> elements = ElementReader.Read(Encoding.UTF8.GetBytes("""
            [{"type":"Table","element_id":"1","text":"a b","metadata":{"filename":"x.pdf","filetype":"application/pdf","page_number":2,"languages":["eng",null],
            "parent_id":"0","text_as_html":"<table></table>","image_base64":"AA==","image_mime_type":"image/jpeg","coordinates":{"system":"PixelSpace"}}},
            {"type":"Title","text":null,"metadata":{"page_number":null,"new":1}},{"type":"New"}]
            """));
        DocumentElement table = elements[0];
        Assert.Equal((DocumentElementType.Table, "1", "a b", "a b", 2), (table.Type, table.Id, table.Text, table.ToString(), table.PageNumber));
        Assert.Equal(("x.pdf", "application/pdf", "0", "<table></table>"), (table.FileName, table.FileMediaType, table.ParentId, table.TextAsHtml));
        Assert.Equal(("AA==", "image/jpeg", "eng"), (table.ImageBase64, table.ImageMediaType, Assert.Single(table.Languages)));
        Assert.Equal("PixelSpace", table.Metadata!.Value.GetProperty("coordinates").GetProperty("system").GetString());
        Assert.Equal(("", null, null), (elements[1].Text, elements[1].PageNumber, elements[1].Id));
        Assert.Equal(1, elements[1].Metadata!.Value.GetProperty("new").GetInt32());
        Assert.Null(elements[2].Metadata);
        Assert.Equal("New", elements[2].Type.Value);
        Assert.Empty(elements[2].Languages);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    public void ElementType_Empty_IsADefaultStructure(string type) => Assert.Equal(
        default, Assert.Single(ElementReader.Read(Encoding.UTF8.GetBytes($$"""[{"type":"{{type}}","text":"a"}]"""))).Type);

    [Fact]
    public void ElementType_WellKnown_IsNamedLikeItsProperty() => Assert.All(
        typeof(DocumentElementType).GetProperties(BindingFlags.Public | BindingFlags.Static),
        property => Assert.Equal(property.Name, property.GetValue(null)!.ToString()));

    [Fact]
    public void ElementType_InJson_IsAString()
    {
        string json = JsonSerializer.Serialize(new DocumentElement { Type = DocumentElementType.Title, Text = "a" }, Reflecting);
        Assert.Contains("\"Type\":\"Title\"", json, StringComparison.Ordinal);
        Assert.Equal(DocumentElementType.Title, JsonSerializer.Deserialize<DocumentElement>(json, Reflecting)!.Type);
        Assert.Equal(default, JsonSerializer.Deserialize<DocumentElementType>("\"\"", Reflecting));
    }

    [Fact]
    public void ElementType_DefaultStructureAsAnOption_IsNamed() => Assert.Equal(
        "DocumentOptions.ExtractImagesOf",
        Assert.Throws<PrivatemodeRequestException>(() => Fields(new DocumentOptions { ExtractImagesOf = [DocumentElementType.Table, default] })).Member);

    [Fact]
    public void Metadata_OfAnotherKind_DoesNotCostTheElements()
    {
        List<DocumentElement> elements = ElementReader.Read(Encoding.UTF8.GetBytes(
            """[{"type":"Title","text":"a","metadata":{"page_number":1.5,"languages":["eng",1]}},{"type":"Title","metadata":{"page_number":1e99}}]"""));

        Assert.Equal(("a", null, "eng"), (elements[0].Text, elements[0].PageNumber, Assert.Single(elements[0].Languages)));
        Assert.Null(elements[1].PageNumber);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("[{}]")]
    [InlineData("""[{"type":1}]""")]
    public void Elements_OfAnotherShape_AreAnExceptionThatIsMapped(string json)
    {
        Exception? exception = Record.Exception(() => ElementReader.Read(Encoding.UTF8.GetBytes(json)));
        Assert.True(exception is FormatException or InvalidOperationException, $"{exception}");
    }

    private static string Fields(DocumentOptions options) =>
        string.Join(';', DocumentForm.Fields(options).Select(field => $"{field.Name}={field.Value}"));
}
