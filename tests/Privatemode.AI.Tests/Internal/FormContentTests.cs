using System.Text;
using Privatemode.AI.Encryption.Multipart;
using Privatemode.AI.Internal;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Internal;

public sealed class FormContentTests
{
    private static readonly FormField[] Fields = [new("model", "m"), new("prompt", "Grüße\r\n--x\r\n\"quoted\""), new("timestamp_granularities[]", "")];

    [Fact]
    public async Task Form_AsThePipelineReadsIt_HasFieldsAndFile()
    {
        byte[] file = [.. Recording.Wave(), .. "\r\n--"u8];
        using FormContent content = await ContentAsync(new MemoryStream(file));
        byte[] body = await WriteAsync(content);

        Assert.True(FormBoundary.TryRead(content.ContentType, out string boundary));
        Assert.True(FormBoundary.IsOurs(content.ContentType));
        Assert.Equal(content.ContentType, content.MediaType);
        Assert.Equal(FormShape.Usable, FormIndex.Read(body, boundary, out FormIndex form));
        Assert.Equal(["model", "prompt", "timestamp_granularities[]", "file"], form.Parts.Select(part => Encoding.UTF8.GetString(part.Name)));
        Assert.Equal([false, false, false, true], form.Parts.Select(part => part.IsFile));
        Assert.Equal("Grüße\r\n--x\r\n\"quoted\"", Value(1));
        Assert.Equal("", Value(2));
        Assert.Equal(file, body[form.Parts[3].Value.Start..][..form.Parts[3].Value.Length]);

        string Value(int part) => Encoding.UTF8.GetString(body, form.Parts[part].Value.Start, form.Parts[part].Value.Length);
    }

    [Fact]
    public async Task Length_StreamThatSeeks_IsKnownAndRight()
    {
        using FormContent content = await ContentAsync(new MemoryStream(Recording.Wave(300)));
        Assert.True(content.TryComputeLength(out long length));
        Assert.Equal((await WriteAsync(content)).Length, length);
        Assert.Equal(length - 300, FormContent.OverheadOf(Fields, "file", "a.wav", "audio/wav"));
    }

    [Fact]
    public async Task Length_StreamThatFlows_IsNotKnown()
    {
        using FormContent content = await ContentAsync(new HiddenLengthStream(Recording.Wave()));
        Assert.False(content.TryComputeLength(out _));
    }

    [Fact]
    public async Task Write_Synchronously_IsTheSame()
    {
        using FormContent content = await ContentAsync(new MemoryStream(Recording.Wave()));
        using MemoryStream copy = new();
        content.WriteTo(copy);
        Assert.Equal(await WriteAsync(content), copy.ToArray());
    }

    [Fact]
    public async Task Dispose_StreamOfTheCaller_StaysOpen()
    {
        HiddenLengthStream stream = new(Recording.Wave());
        FormContent content = await ContentAsync(stream);
        content.Dispose();
        Assert.False(stream.IsDisposed);
        Assert.NotEqual(content.ContentType, (await ContentAsync(new MemoryStream([1]))).ContentType);
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("", null)]
    [InlineData("a/", null)]
    [InlineData("report.pdf", "report.pdf")]
    [InlineData("/home/anna/Kündigung.pdf", "Kündigung.pdf")]
    [InlineData(@"C:\secret\re""port"".pdf", "re_port_.pdf")]
    [InlineData("a\r\nContent-Type: text/html\u0085\u2028.pdf", "html__.pdf")]
    [InlineData("a\r\nb\0.pdf", "a__b_.pdf")]
    public void Name_AnyPath_IsOneThatNeedsNoQuoting(string? path, string? name) => Assert.Equal(name, FileNames.Clean(path));

    [Fact]
    public void Name_TooLong_KeepsItsExtensionAndWholeCharacters()
    {
        Assert.Equal(new string('a', 196) + ".pdf", FileNames.Clean(new string('a', 300) + ".pdf"));
        string clean = FileNames.Clean(string.Concat(Enumerable.Repeat("😀", 150)) + "x.pdf")!;
        Assert.Equal(199, clean.Length);
        Assert.True(char.IsHighSurrogate(clean[0]));
    }

    private static async Task<FormContent> ContentAsync(Stream file) =>
        new(Fields, "file", "a.wav", "audio/wav", await FileSource.OpenAsync(file, new FileLimit(1000, ""), default));

    private static async Task<byte[]> WriteAsync(FormContent content)
    {
        using MemoryStream body = new();
        await content.WriteToAsync(body);
        return body.ToArray();
    }
}
