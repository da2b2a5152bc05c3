using Privatemode.AI.AspNetCore.Dialects;

namespace Privatemode.AI.AspNetCore.Tests.Dialects;

/// <summary>What becomes of the forms of transcriptions.</summary>
public sealed class FormEditTests
{
    [Theory]
    [InlineData("whisper-1", "whisper-large-v3")]
    [InlineData("gpt-4o-mini-transcribe", "whisper-large-v3")]
    [InlineData("whisper-large-v3", "whisper-large-v3")]
    [InlineData("voxtral-mini-3b", "voxtral-mini-3b")]
    public void Edit_Model_IsReplacedAndTheBytesAroundItStay(string asked, string sent)
    {
        string form = Form(("language", "de"), ("model", asked), ("stream", "true"));
        string edited = new EditTesting().Run(Edit, form, out EditResult result);
        Assert.Equal(form.Replace($"\r\n{asked}\r\n", $"\r\n{sent}\r\n", StringComparison.Ordinal), edited);
        Assert.Equal((asked, sent, true, asked != sent), (result.RequestedModel, result.Model, result.IsStream, result.IsChanged));
    }

    [Theory]
    [InlineData("response_format", "srt", "response_format")]
    [InlineData("response_format", "vtt", "response_format")]
    [InlineData("response_format", "text", "response_format")]
    [InlineData("model", "other", "model")]
    public void Edit_FieldThatIsNotServed_IsRefusedWithItsName(string name, string value, string member) =>
        Assert.Equal(member, EditTesting.Refusal(Edit, Form(("model", "whisper-1"), (name, value))).Member);

    [Theory]
    [InlineData("response_format", "verbose_json")]
    [InlineData("response_format", "")]
    [InlineData("prompt", "model")]
    public void Edit_OtherField_Stays(string name, string value)
    {
        string form = Form((name, value), ("model", "whisper-large-v3"));
        Assert.Same(form, new EditTesting().Run(Edit, form));
    }

    [Theory]
    [InlineData("")]
    [InlineData("--b--\r\n")]
    [InlineData("--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1")]
    [InlineData("--b\nContent-Disposition: form-data; name=\"model\"\n\nwhisper-1\n--b--\n")]
    [InlineData("--b\r\nContent-Disposition: form-data; name=\"model\"; filename=\"m\"\r\n\r\nwhisper-1\r\n--b--\r\n")]
    public void Edit_FormWithoutAModel_IsRefused(string form) => Assert.Equal("model", EditTesting.Refusal(Edit, form).Member);

    [Fact]
    public void Peek_OfBothForms_IsTheModel()
    {
        Assert.Equal("whisper-1", RequestModel.Peek(Bytes(Form(("model", "whisper-1"))), "b"));
        Assert.Equal("m", RequestModel.Peek(Bytes("""{"a":{"model":"x"},"model":"m"}"""), null));
        Assert.Null(RequestModel.Peek(Bytes("""{"a":{"model":"x"},"model":7}"""), null));
        Assert.Null(RequestModel.Peek(Bytes("""{"a":"""), null));
    }

    private static ReadOnlyMemory<byte> Bytes(string text) => System.Text.Encoding.UTF8.GetBytes(text);

    private static EditResult Edit(ReadOnlyMemory<byte> body, EditContext context, Internal.PooledBuffer target) => FormEdit.Edit(body, "b", context, target);

    private static string Form(params (string Name, string Value)[] fields) =>
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"model\"\r\nContent-Type: audio/wav\r\n\r\nRIFF\r\n\r\nname=\"model\"\r\n"
        + string.Concat(fields.Select(field => $"--b\r\nContent-Disposition: form-data; name=\"{field.Name}\"\r\n\r\n{field.Value}\r\n")) + "--b--\r\n";
}
