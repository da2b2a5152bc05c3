using System.Text;
using Privatemode.AI.Speech;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Speech;

public sealed class AudioFormatsTests
{
    [Theory]
    [InlineData("494433040000", "mp3 with a tag")]
    [InlineData("FFFB9064", "mp3")]
    [InlineData("FFF39064", "mp3, MPEG 2")]
    [InlineData("FFE39064", "mp3, MPEG 2.5")]
    [InlineData("FFFD9064", "mpga, layer 2")]
    [InlineData("0000002066747970", "mp4 and m4a")]
    [InlineData("1A45DFA3", "webm")]
    [InlineData("4F676753", "ogg")]
    [InlineData("664C6143", "flac")]
    [InlineData("000001BA", "mpeg")]
    public void File_ServiceTakesIt_IsKnown(string head, string kind) => Assert.True(AudioFormats.IsKnown(Convert.FromHexString(head)), kind);

    [Theory]
    [InlineData("", "nothing")]
    [InlineData("FF", "cut")]
    [InlineData("FFFB90", "cut frame")]
    [InlineData("FFF15080", "AAC")]
    [InlineData("FFEB9064", "a version that does not exist")]
    [InlineData("FFD8FFE0", "a photo")]
    [InlineData("25504446", "a PDF file")]
    [InlineData("504B0304", "an archive")]
    [InlineData("7B226D6F", "JSON")]
    [InlineData("00000020667479", "cut box")]
    [InlineData("524946460000000057415645", "RIFF WAVE")]
    public void File_OfAnotherKind_IsNot(string head, string kind) =>
        Assert.Equal(kind == "RIFF WAVE", AudioFormats.IsKnown(Convert.FromHexString(head)));

    [Fact]
    public void Riff_OfAnotherKind_IsNot()
    {
        Assert.True(AudioFormats.IsKnown(Recording.Wave()));
        Assert.False(AudioFormats.IsKnown(Encoding.ASCII.GetBytes("RIFF....AVI LIST")));
        Assert.False(AudioFormats.IsKnown("RIFF....WAV"u8));
        Assert.True(AudioFormats.IsKnown("RF64....WAVE"u8));
    }
}
