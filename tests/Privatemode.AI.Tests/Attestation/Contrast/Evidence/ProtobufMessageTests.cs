using Privatemode.AI.Attestation.Contrast;

namespace Privatemode.AI.Tests.Attestation.Contrast;

public sealed class ProtobufMessageTests
{
    [Fact]
    public void Parse_KnownAndUnknownFields_ReadsWhatIsAskedFor()
    {
        byte[] bytes = new ProtobufWriter()
            .Number(1, 150)
            .Tag(90, 1).Raw(1, 2, 3, 4, 5, 6, 7, 8)
            .Tag(91, 5).Raw(1, 2, 3, 4)
            .Payload(2, "text"u8)
            .Number(536870911, ulong.MaxValue)
            .Bytes;
        ProtobufMessage message = ProtobufMessage.Parse(bytes);
        Assert.Equal(150ul, message.UInt64(1));
        Assert.Equal(150u, message.UInt32(1));
        Assert.Equal("text"u8.ToArray(), message.Bytes(2).ToArray());
        Assert.Equal(ulong.MaxValue, message.UInt64(536870911));
        Assert.Equal(0ul, message.UInt64(3));
        Assert.True(message.Bytes(3).IsEmpty);
        Assert.Null(message.Message(3));
        Assert.Null(message.MapValue(3, "key"u8));
    }

    [Fact]
    public void Parse_RepeatedScalars_LastWins()
    {
        ProtobufMessage message = ProtobufMessage.Parse(new ProtobufWriter()
            .Number(1, 7).Tag(1, 0).Raw(0).Payload(2, "a"u8).Payload(2, "b"u8).Bytes);
        Assert.Equal(0ul, message.UInt64(1));
        Assert.Equal("b"u8.ToArray(), message.Bytes(2).ToArray());
        Assert.Equal(2, message.Repeated(2).Count);
    }

    [Fact]
    public void Message_StandsTwice_IsMerged()
    {
        ProtobufMessage inner = ProtobufMessage.Parse(new ProtobufWriter()
            .Message(5, new ProtobufWriter().Number(1, 1).Number(2, 2))
            .Message(5, new ProtobufWriter().Number(2, 3))
            .Message(5, new ProtobufWriter())
            .Bytes).Message(5)!;
        Assert.Equal((1ul, 3ul), (inner.UInt64(1), inner.UInt64(2)));
    }

    [Fact]
    public void MapValue_KeyStandsTwice_LastWins()
    {
        ProtobufMessage message = ProtobufMessage.Parse(new ProtobufWriter()
            .Message(7, new ProtobufWriter().Payload(1, "key"u8).Payload(2, "old"u8))
            .Message(7, new ProtobufWriter().Payload(2, "new"u8).Payload(1, "key"u8))
            .Message(7, new ProtobufWriter().Payload(1, "other"u8).Payload(2, "x"u8))
            .Bytes);
        Assert.Equal("new"u8.ToArray(), message.MapValue(7, "key"u8)!.Value.ToArray());
        Assert.Null(message.MapValue(7, "none"u8));
    }

    [Fact]
    public void Parse_LongFormOfANumber_IsRead() =>
        Assert.Equal(1ul, ProtobufMessage.Parse((byte[])[0x08, 0x81, 0x80, 0x80, 0x00]).UInt64(1));

    [Theory]
    [InlineData("08")] // tag without value
    [InlineData("0880")] // number that does not end
    [InlineData("08ffffffffffffffffff02")] // 65 bits
    [InlineData("0880808080808080808080")] // ten bytes and no end
    [InlineData("088080808080808080808000")] // eleven bytes
    [InlineData("0001")] // field 0
    [InlineData("0a05aabb")] // longer than the message
    [InlineData("0affffffffffffffffff01")] // length near 2^64
    [InlineData("0a8080808008")] // length of 2^31
    [InlineData("0900000000000000")] // 7 of 8 bytes
    [InlineData("0d000000")] // 3 of 4 bytes
    [InlineData("0b0c")] // group
    [InlineData("0c")] // end of a group
    [InlineData("0e")] // wire type 6
    [InlineData("0f")] // wire type 7
    [InlineData("888080801000")] // field number 2^29
    public void Parse_BrokenBytes_AreRefused(string hex) => Assert.Equal(
        ContrastChecks.EvidenceFormat, ContrastFiles.Refusal(() => ProtobufMessage.Parse(Convert.FromHexString(hex))));

    [Fact]
    public void Parse_TooLongOrTooManyFields_IsRefused()
    {
        byte[] tooLong = new ProtobufWriter().Payload(1, new byte[ProtobufMessage.MaxSize - 3]).Bytes;
        Assert.Equal(
            (ContrastChecks.EvidenceFormat, "at most 262144 bytes"), ContrastFiles.RefusalAndExpected(() => ProtobufMessage.Parse(tooLong)));
        byte[] longest = new ProtobufWriter().Payload(1, new byte[ProtobufMessage.MaxSize - 4]).Bytes;
        Assert.Equal(ProtobufMessage.MaxSize, longest.Length);
        Assert.Equal(ProtobufMessage.MaxSize - 4, ProtobufMessage.Parse(longest).Bytes(1).Length);
        byte[] many = [.. Enumerable.Repeat<byte[]>([0x08, 0x01], 1025).SelectMany(field => field)];
        Assert.Equal(ContrastChecks.EvidenceFormat, ContrastFiles.Refusal(() => ProtobufMessage.Parse(many)));
        Assert.Equal(1ul, ProtobufMessage.Parse(many.AsMemory(2)).UInt64(1));
    }

    [Fact]
    public void Read_OtherWireTypeOrTooLarge_IsRefused()
    {
        ProtobufMessage message = ProtobufMessage.Parse(new ProtobufWriter().Number(1, 1ul << 32).Payload(2, default).Number(3, uint.MaxValue).Bytes);
        Assert.Equal(uint.MaxValue, message.UInt32(3));
        Assert.Equal(1ul << 32, message.UInt64(1));
        Assert.Equal(ContrastChecks.EvidenceFormat, ContrastFiles.Refusal(() => message.UInt32(1)));
        Assert.Equal(ContrastChecks.EvidenceFormat, ContrastFiles.Refusal(() => message.Bytes(1)));
        Assert.Equal(ContrastChecks.EvidenceFormat, ContrastFiles.Refusal(() => message.UInt64(2)));
    }
}
