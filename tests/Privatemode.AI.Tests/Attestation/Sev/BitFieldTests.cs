using Privatemode.AI.Attestation.Sev;

namespace Privatemode.AI.Tests.Attestation.Sev;

public sealed class BitFieldTests
{
    [Fact]
    public void SnpPolicyBits_EveryBit_HasOneMeaning()
    {
        Func<SnpPolicyBits, bool>[] from16 =
        [
            bits => bits.SmtAllowed, _ => false, bits => bits.MigrateMaAllowed, bits => bits.DebugAllowed, bits => bits.SingleSocketRequired,
            bits => bits.CxlAllowed, bits => bits.MemAes256XtsRequired, bits => bits.RaplDisabledRequired,
            bits => bits.CiphertextHidingDramRequired, bits => bits.PageSwapDisabledRequired,
        ];
        for (int bit = 0; bit < 64; bit++)
        {
            SnpPolicyBits bits = new(1UL << bit);
            Assert.Equal(bit is >= 16 and < 26 and not 17 ? [bit - 16] : [], Enumerable.Range(0, from16.Length).Where(i => from16[i](bits)));
            Assert.Equal(bit == 17, bits.IsWellFormed);
            Assert.Equal(bit < 8 ? 1 << bit : 0, bits.AbiMinor);
            Assert.Equal(bit is >= 8 and < 16 ? 1 << (bit - 8) : 0, bits.AbiMajor);
        }

        Assert.Equal("0x3001f", new SnpPolicyBits(0x3001f).ToString());
    }

    [Fact]
    public void SnpPlatformInfo_EveryBit_HasOneMeaningOrNone()
    {
        Func<SnpPlatformInfo, bool>[] known =
        [
            info => info.SmtEnabled, info => info.TsmeEnabled, info => info.EccEnabled, info => info.RaplDisabled,
            info => info.CiphertextHidingDramEnabled, info => info.AliasCheckComplete, _ => false, info => info.TioEnabled,
        ];
        for (int bit = 0; bit < 64; bit++)
        {
            SnpPlatformInfo info = new(1UL << bit);
            Assert.Equal(bit is < 8 and not 6 ? [bit] : [], Enumerable.Range(0, known.Length).Where(i => known[i](info)));
            Assert.Equal(bit is 6 or >= 8 ? 1UL << bit : 0, info.UnknownBits);
        }

        Assert.Equal("0x65", new SnpPlatformInfo(0x65).ToString());
    }

    [Fact]
    public void TcbVersion_Read_FollowsTheLayoutOfTheProduct()
    {
        Assert.Equal(new TcbVersion(0, 1, 2, 7, 8), TcbVersion.Read(0x0807_0000_0000_0201, SnpProduct.Milan));
        Assert.Equal(new TcbVersion(0, 1, 2, 7, 8), TcbVersion.Read(0x0807_0000_0000_0201, SnpProduct.Genoa));
        Assert.Equal(new TcbVersion(1, 2, 3, 4, 8), TcbVersion.Read(0x0800_0000_0403_0201, SnpProduct.Turin));
    }

    [Theory]
    [InlineData(SnpProduct.Milan, new[] { 2, 3, 4, 5 })]
    [InlineData(SnpProduct.Genoa, new[] { 2, 3, 4, 5 })]
    [InlineData(SnpProduct.Turin, new[] { 4, 5, 6 })]
    internal void TcbVersion_Read_RefusesReservedBytes(SnpProduct product, int[] reserved)
    {
        for (int i = 0; i < 64; i++)
        {
            Assert.Equal(reserved.Contains(i / 8), TcbVersion.Read(1UL << i, product) is null);
        }
    }

    [Fact]
    public void TcbVersion_IsAtLeast_ComparesEveryComponent()
    {
        TcbVersion version = new(1, 2, 3, 4, 5);
        Assert.True(version.IsAtLeast(version));
        Assert.True(version.IsAtLeast(default));
        TcbVersion[] newer =
        [
            version with { Fmc = 2 },
            version with { BootLoader = 3 },
            version with { Tee = 4 },
            version with { Snp = 5 },
            version with { Microcode = 6 },
        ];
        Assert.All(newer, minimum => Assert.False(version.IsAtLeast(minimum)));

        // As one number the first would be the newer one.
        Assert.False(new TcbVersion(0, 0, 0, 1, 255).IsAtLeast(new TcbVersion(0, 0, 0, 2, 0)));
        Assert.Equal("fmc 1, boot loader 2, tee 3, snp 4, microcode 5", version.ToString());
    }

    [Theory]
    [InlineData(1, 55, 22, true)]
    [InlineData(1, 54, 22, true)]
    [InlineData(0, 255, 22, true)]
    [InlineData(1, 55, 23, false)]
    [InlineData(1, 56, 0, false)]
    [InlineData(2, 0, 0, false)]
    [InlineData(1, 54, 23, false)] // the build counts on its own
    public void FirmwareVersion_IsAtLeast_ComparesVersionAndBuild(byte major, byte minor, byte build, bool expected) =>
        Assert.Equal(expected, new FirmwareVersion(1, 55, 22).IsAtLeast(new FirmwareVersion(major, minor, build)));

    [Fact]
    public void SnpProducts_EveryProcessor_IsKnownOrNot()
    {
        for (int family = 0; family < 256; family++)
        {
            for (int model = 0; model < 256; model++)
            {
                SnpProduct? expected = (family, model) switch
                {
                    (0x19, < 0x10) => SnpProduct.Milan,
                    (0x19, < 0x20 or (>= 0xa0 and < 0xb0)) => SnpProduct.Genoa,
                    (0x1a, < 0x12) => SnpProduct.Turin,
                    _ => null, // Venice among them: 0x1a with 0x50, 0x90, 0xa0, 0xc0
                };
                Assert.Equal(expected, SnpProducts.FromCpuid((byte)family, (byte)model));
            }
        }
    }

    [Theory]
    [InlineData("Milan", "Milan")]
    [InlineData("Milan-B0", "Milan")]
    [InlineData("Genoa-B2", "Genoa")]
    [InlineData("Turin", "Turin")]
    [InlineData("Turin-B1", "Turin")]
    [InlineData("Venice", null)]
    [InlineData("milan", null)]
    [InlineData("Milan-", null)]
    [InlineData("Milan-B", null)]
    [InlineData("Milan-B00", null)]
    [InlineData("Milan-0B", null)]
    [InlineData("Milan-B0-B0", null)]
    [InlineData("-B0", null)]
    [InlineData("", null)]
    public void SnpProducts_FromExtension_KnowsNameAndStepping(string text, string? expected) =>
        Assert.Equal(expected, SnpProducts.FromExtension(text)?.ToString());

    [Fact]
    public void SnpProducts_Name_IsTheOneThatIsRead()
    {
        Assert.All(Enum.GetValues<SnpProduct>(), product => Assert.Equal(product, SnpProducts.FromName(SnpProducts.Name(product))));
        Assert.Throws<ArgumentOutOfRangeException>(() => SnpProducts.Name((SnpProduct)9));
    }
}
