using System.Text;
using Privatemode.AI.Encryption.Multipart;

namespace Privatemode.AI.Tests.Encryption.Multipart;

public sealed class FormIndexTests
{
    private const string Boundary = "b=1";

    public static TheoryData<string, string, bool> Dispositions => new()
    {
        { "form-data; name=file; filename=a.mp3", "file", true },
        { "form-data; name=\"file\"; filename=\"a.mp3\"", "file", true },
        { "form-data; name=\"file\"; filename=\"a \\\"q\\\" \\\\ b\"", "file", true },
        { "form-data; filename=\"=?utf-8?B?w6Q=?=\"; filename*=utf-8''%C3%A4.mp3; name=file", "file", true },
        { "FORM-DATA;name=file;FileName*=ISO-8859-1'en'a%20b", "file", true },
        { "form-data; name=\"timestamp_granularities[]\"", "timestamp_granularities[]", false },
        { "form-data; name=\"file\"; filename=\"\"", "file", false },
        { "form-data; name=\"ä\"", "ä", false },
        { "form-data; name=file; filename=a!#$%&'*+-.^_`|~1", "file", true },
        { "form-data; name=file; filename*=utf-8''%C3%A4", "file", true },
    };

    [Theory]
    [MemberData(nameof(Dispositions))]
    public void Read_NamesAsWritersWriteThem_AreUnderstood(string disposition, string name, bool isFile)
    {
        FormIndex form = Usable(Part($"Content-Disposition: {disposition}", "value"));
        FormPart part = Assert.Single(form.Parts);
        Assert.Equal((name, isFile), (Encoding.UTF8.GetString(part.Name), part.IsFile));
    }

    [Theory]
    [InlineData("form-data")]
    [InlineData("form-data; name=")]
    [InlineData("form-data; name=\"\"")]
    [InlineData("form-data; name=\"a")]
    [InlineData("form-data; name=\"a\"b")]
    [InlineData("form-data; name=a b")]
    [InlineData("form-data; name=a; name=b")]
    [InlineData("form-data; name=a; filename=b; filename=c")]
    [InlineData("form-data; name=a; filename*=utf-8''b; filename*=utf-8''c")]
    [InlineData("form-data; name=a; filename=")]
    [InlineData("form-data; name=a; filename*=utf-8''")]
    [InlineData("form-data; name=a; filename*=utf-8''%4")]
    [InlineData("form-data; name=a; filename*=utf-8''b%4")]
    [InlineData("form-data; name=a; filename*=utf-8''%zz")]
    [InlineData("form-data; name=a; filename*=utf-8''b%zz")]
    [InlineData("form-data; name=a; filename*=utf-8'''b")]
    [InlineData("form-data; name=a; filename*=koi8-r''b")]
    [InlineData("form-data; name=a; filename*=plain")]
    [InlineData("form-data; name*=utf-8''a")]
    [InlineData("form-data; name=a; size=3")]
    [InlineData("form-data; name=\"C:\\dir\\a\"")]
    [InlineData("form-data; name=\"a\\\"b\"")]
    [InlineData("form-data; name=\"=?utf-8?B?w6Q=?=\"")]
    [InlineData("attachment; name=a")]
    [InlineData("form-datax; name=a")]
    [InlineData("form-data name=a")]
    [InlineData("form-data, name=a")]
    [InlineData("form-dota; name=a")]
    [InlineData("form")]
    public void Read_NameInDoubt_IsRefused(string disposition) => Refused(Part($"Content-Disposition: {disposition}", "value"));

    [Fact]
    public void Read_Name_HasAtMost256Bytes()
    {
        Assert.Equal(256, Assert.Single(Usable(Part($"Content-Disposition: form-data; name={new string('n', 256)}", "value")).Parts).Name.Length);
        Refused(Part($"Content-Disposition: form-data; name={new string('n', 257)}", "value"));
    }

    [Theory]
    [InlineData("Content-Type: text/plain")]
    [InlineData("Content-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b")]
    [InlineData("Content-Disposition: form-data; name=a\r\nContent-Type: a/b\r\nContent-Type: c/d")]
    [InlineData("Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64")]
    [InlineData("Content-Disposition: form-data;\r\n name=a")]
    [InlineData("Content-Disposition: form-data; name=a\nX: y")]
    [InlineData("Content-Disposition: form-data; name=\"a\0\"")]
    [InlineData("Content-Disposition form-data; name=a")]
    [InlineData(": form-data; name=a")]
    public void Read_HeadersInDoubt_AreRefused(string headers) => Refused(Part(headers, "value"));

    [Fact]
    public void Read_HeadersLongerThanAnyWriters_AreRefused() =>
        Refused(Part($"Content-Disposition: form-data; name=a; filename={new string('x', PartHead.MaxLength)}", "value"));

    [Theory]
    [InlineData("")]
    [InlineData("\r\n")]
    [InlineData("\r\n\r\n--")]
    [InlineData("\r\n--b")]
    [InlineData("--")]
    [InlineData("a\0\r\n\n\r--b=2\r\nb")]
    public void Read_AnyValue_IsTakenAsItIs(string value)
    {
        string body = Part("Content-Type: a/b\r\ncontent-disposition: form-data; name=a; filename=b", value);
        FormPart part = Assert.Single(Usable(body).Parts);
        Assert.Equal(value, Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(body).AsSpan(part.Value.Start, part.Value.Length)));
    }

    [Theory]
    [InlineData("--b=1")]
    [InlineData("--b=1--\r\nmore")]
    [InlineData("text\n--b=1\r\nContent-Disposition: form-data; name=x\r\n\r\nmore")]
    [InlineData("text\r\n--b=1x")]
    [InlineData("text\r\n--b=1 ")]
    public void Read_ValueInWhichOthersSeeABoundary_IsRefused(string value) =>
        Refused(Part("Content-Disposition: form-data; name=a", value));

    [Theory]
    [InlineData("")]
    [InlineData("--b=1--\r\n")]
    [InlineData("preamble\r\n--b=1\r\nContent-Disposition: form-data; name=a\r\n\r\nv\r\n--b=1--\r\n")]
    [InlineData("--b=1\r\nContent-Disposition: form-data; name=a\r\n\r\nv\r\n--b=1--\r\nepilogue")]
    [InlineData("--b=1\r\nContent-Disposition: form-data; name=a\r\n\r\nv\r\n--b=1\r\n")]
    [InlineData("--b=1\r\nContent-Disposition: form-data; name=a\r\n\r\nv")]
    [InlineData("--b=1\nContent-Disposition: form-data; name=a\n\nv\n--b=1--\n")]
    [InlineData("--b=1 \r\nContent-Disposition: form-data; name=a\r\n\r\nv\r\n--b=1--\r\n")]
    [InlineData("--b=1\r\n\r\nv\r\n--b=1--\r\n")]
    public void Read_FrameInDoubt_IsRefused(string body) => Refused(body);

    [Fact]
    public void Read_MorePartsThanAnyFormHas_IsRefused()
    {
        string many = string.Concat(Enumerable.Range(0, FormIndex.MaxParts + 1).Select(
            i => $"--{Boundary}\r\nContent-Disposition: form-data; name=a{i}\r\n\r\nv\r\n"));
        Assert.Equal(FormShape.TooManyParts, FormIndex.Read(Encoding.UTF8.GetBytes($"{many}--{Boundary}--\r\n"), Boundary, out FormIndex form));
        Assert.Empty(form.Parts);
    }

    [Fact]
    public void HasRepeats_FieldAndFileOfOneName_IsTrue()
    {
        string first = $"--{Boundary}\r\nContent-Disposition: form-data; name=a\r\n\r\nv\r\n";
        Assert.True(Usable(first + Part("Content-Disposition: form-data; name=a; filename=f", "x")).HasRepeats);
        Assert.False(Usable(first + Part("Content-Disposition: form-data; name=A", "x")).HasRepeats);
    }

    [Theory]
    [InlineData("multipart/form-data; boundary=abc", "abc")]
    [InlineData("multipart/form-data; boundary=\"a=b'(c)\"", "a=b'(c)")]
    [InlineData("Multipart/Form-Data; Boundary=abc", "abc")]
    [InlineData("multipart/form-data", null)]
    [InlineData("multipart/form-data; boundary=", null)]
    [InlineData("multipart/form-data; boundary", null)]
    [InlineData("multipart/form-data; boundary=\"\"", null)]
    [InlineData("multipart/form-data; boundary=\"a b\"", null)]
    [InlineData("multipart/form-data; boundary='a()+_,-./:=?'", null)]
    [InlineData("multipart/form-data; boundary=\"'a()+_,-./:=?'\"", "'a()+_,-./:=?'")]
    [InlineData("multipart/form-data; boundary=\"a\\\"b\"", null)]
    [InlineData("multipart/form-data; boundary=a; boundary=b", null)]
    [InlineData("multipart/form-data; boundary=a; charset=utf-8", null)]
    [InlineData("multipart/mixed; boundary=abc", null)]
    [InlineData("application/json", null)]
    [InlineData(null, null)]
    [InlineData("multipart/form-data; boundary=a234567890123456789012345678901234567890123456789012345678901234567890",
        "a234567890123456789012345678901234567890123456789012345678901234567890")]
    [InlineData("multipart/form-data; boundary=a234567890123456789012345678901234567890123456789012345678901234567890a", null)]
    public void TryRead_Boundary_IsOneEverybodyAgreesOn(string? contentType, string? boundary)
    {
        Assert.Equal(boundary is not null, FormBoundary.TryRead(contentType, out string read));
        Assert.True(boundary is null || boundary == read);
    }

    // The header is sent in the clear: its form must not carry anything.
    [Theory]
    [InlineData("multipart/form-data; boundary=abc", true)]
    [InlineData("multipart/form-data; boundary=\"abc\"", false)]
    [InlineData("Multipart/form-data; boundary=abc", false)]
    [InlineData("multipart/form-data;  boundary=abc", false)]
    [InlineData("multipart/form-data; boundary=a-b", false)]
    public void IsOurs_OnlyTheFormThatIsWritten(string contentType, bool expected) => Assert.Equal(expected, FormBoundary.IsOurs(contentType));

    private static string Part(string headers, string value) => $"--{Boundary}\r\n{headers}\r\n\r\n{value}\r\n--{Boundary}--\r\n";

    private static FormIndex Usable(string body)
    {
        Assert.Equal(FormShape.Usable, FormIndex.Read(Encoding.UTF8.GetBytes(body), Boundary, out FormIndex form));
        return form;
    }

    private static void Refused(string body)
    {
        Assert.Equal(FormShape.Malformed, FormIndex.Read(Encoding.UTF8.GetBytes(body), Boundary, out FormIndex form));
        Assert.Empty(form.Parts);
    }
}
