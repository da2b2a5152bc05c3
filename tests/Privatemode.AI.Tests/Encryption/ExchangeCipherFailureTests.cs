using System.Text;
using Privatemode.AI.Encryption;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Encryption;

/// <summary>What an exchange does with values that are not authentic, with each provider of AES-256-GCM.</summary>
public abstract class ExchangeCipherFailureTests : IDisposable
{
    private readonly AnswerSealer _enclave;

    private protected ExchangeCipherFailureTests(AnswerSealer enclave) => _enclave = enclave;

    public static TheoryData<string> Failures { get; } = ["malformed", "altered", "reflected", "wrong length", "skipped", "of another exchange"];

    [Fact]
    public void Open_OwnValueOfTheSameNumber_IsReflected()
    {
        using ExchangeCipher cipher = _enclave.Client();
        byte[] own = ExchangeCipherTests.Seal(cipher, "mine"u8);
        Assert.Equal(AnswerFault.Reflected, cipher.Decrypt(own, new byte[4]));
    }

    [Fact]
    public void Open_OwnValueWrittenDifferently_IsReflected()
    {
        using ExchangeCipher cipher = _enclave.Client();
        _ = ExchangeCipherTests.Seal(cipher, "first"u8);
        string second = Encoding.ASCII.GetString(ExchangeCipherTests.Seal(cipher, "second"u8));
        string[] parts = second[1..^1].Split(':');
        string disguised = $"\"other:{new string('0', 24)}:{parts[2].ToUpperInvariant()}:{parts[3].ToUpperInvariant()}\"";
        Assert.Equal(AnswerFault.None, cipher.Decrypt(Bytes(_enclave.Value("zero")), new byte[4]));
        Assert.Equal(AnswerFault.Reflected, cipher.Decrypt(Bytes(disguised), new byte[6]));
    }

    [Fact]
    public void Open_ValueOfThePeerUnderAnIvOfOurs_IsReflected()
    {
        // The comparison is of decoded IVs and of nothing else: all twelve bytes count.
        using ExchangeCipher cipher = _enclave.Client();
        byte[] iv = Convert.FromHexString(Encoding.ASCII.GetString(ExchangeCipherTests.Seal(cipher, "mine"u8)).Split(':')[2]);
        foreach (int at in (int[])[0, 7, 8, 11])
        {
            iv[at] ^= 1;
            Assert.Equal(AnswerFault.None, cipher.Decrypt(Bytes(_enclave.Value("1", [.. iv])), new byte[1]));
            iv[at] ^= 1;
        }

        Assert.Equal(AnswerFault.Reflected, cipher.Decrypt(Bytes(_enclave.Value("1", [.. iv])), new byte[1]));
    }

    [Theory]
    [MemberData(nameof(Failures))]
    public void Open_AfterAnyFailure_StaysFailed(string kind)
    {
        using AnswerSealer other = new();
        using ExchangeCipher cipher = _enclave.Client();
        string own = Encoding.ASCII.GetString(ExchangeCipherTests.Seal(cipher, "mine"u8));
        string good = _enclave.Value("0000");
        (string bad, AnswerFault expected) = kind switch
        {
            "malformed" => ("\"0000\"", AnswerFault.UnencryptedMember),
            "altered" => (good[..^2] + (good[^2] == '0' ? '1' : '0') + '"', AnswerFault.NotAuthentic),
            "reflected" => (own, AnswerFault.Reflected),
            "wrong length" => (good[..^3] + '"', AnswerFault.UnencryptedMember),
            "skipped" => (_enclave.Value("1111"), AnswerFault.NotAuthentic),
            _ => (other.Value("0000"), AnswerFault.NotAuthentic),
        };

        byte[] plaintext = new byte[4];
        Assert.Equal(expected, cipher.Decrypt(Bytes(bad), plaintext));
        Assert.Equal(new byte[4], plaintext);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(AnswerFault.AlreadyFailed, cipher.Decrypt(Bytes(good), plaintext));
            Assert.Equal(new byte[4], plaintext);
        }
    }

    [Fact]
    public void Open_TheSameValueTwice_FailsTheSecondTime()
    {
        using ExchangeCipher cipher = _enclave.Client();
        byte[] value = Bytes(_enclave.Value("0"));
        Assert.Equal(AnswerFault.None, cipher.Decrypt(value, new byte[1]));
        Assert.Equal(AnswerFault.NotAuthentic, cipher.Decrypt(value, new byte[1]));
    }

    [Fact]
    public void Open_WhenThePlatformThrows_StaysFailed()
    {
        ExchangeCipher cipher = _enclave.Client();
        byte[] value = Bytes(_enclave.Value("0"));
        cipher.Dispose();
        Assert.Throws<ObjectDisposedException>(() => cipher.Decrypt(value, new byte[1]));
        Assert.Equal(AnswerFault.AlreadyFailed, cipher.Decrypt(value, new byte[1]));
    }

    [Fact]
    public void Open_UpperCaseHexAndForeignIdAndNonceText_Opens()
    {
        using ExchangeCipher cipher = _enclave.Client();
        string[] parts = _enclave.Value("[1, 2]")[1..^1].Split(':');
        byte[] plaintext = new byte[6];
        Assert.Equal(
            AnswerFault.None, cipher.Decrypt(Bytes($"\"x:y:{parts[2].ToUpperInvariant()}:{parts[3].ToUpperInvariant()}\""), plaintext));
        Assert.Equal("[1, 2]", Encoding.UTF8.GetString(plaintext));
    }

    [Fact]
    public void Open_EveryByteAltered_FailsWithoutATrace()
    {
        string text = _enclave.Value("\"text\"");
        int authenticatedFrom = text.IndexOf(':', text.IndexOf(':') + 1) + 1;
        byte[] zeros = new byte[6];
        for (int at = 0; at < text.Length; at++)
        {
            foreach (char other in "\":\\ 0fF9g\0")
            {
                string altered = text[..at] + other + text[(at + 1)..];
                bool isSame = char.ToLowerInvariant(text[at]) == char.ToLowerInvariant(other) && at >= authenticatedFrom;
                bool mayDiffer = at > 0 && at < authenticatedFrom - 1 && text[at] != ':' && !":\"\\".Contains(other);
                using ExchangeCipher cipher = _enclave.Client();
                byte[] plaintext = new byte[6];
                AnswerFault result = cipher.Decrypt(Bytes(altered), plaintext);
                Assert.True((result == AnswerFault.None) == (isSame || mayDiffer || text == altered), $"{at}: {text[at]} to {other}: {result}");
                Assert.True(result == AnswerFault.None || plaintext.AsSpan().SequenceEqual(zeros), $"{at}: {text[at]} to {other} leaves a trace");
            }
        }
    }

    [Theory]
    [InlineData(6)]
    [InlineData(2000)]
    public void Open_CiphertextOrTagIsNotHex_LeavesZerosInTheDestination(int length)
    {
        string value = _enclave.Value(new string('x', length));
        foreach (int fromTheEnd in (int[])[2, 40])
        {
            using ExchangeCipher cipher = _enclave.Client();
            byte[] plaintext = [.. Enumerable.Repeat((byte)0xAA, length)];
            Assert.Equal(AnswerFault.UnencryptedMember, cipher.Decrypt(Bytes($"{value[..^fromTheEnd]}g{value[^(fromTheEnd - 1)..]}"), plaintext));
            Assert.Equal(new byte[length], plaintext);
        }
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public void Open_DestinationOfAnotherLength_IsMalformed(int difference)
    {
        using ExchangeCipher cipher = _enclave.Client();
        Assert.Equal(AnswerFault.UnencryptedMember, cipher.Decrypt(Bytes(_enclave.Value("1234")), new byte[4 + difference]));
    }

    public void Dispose()
    {
        _enclave.Dispose();
        GC.SuppressFinalize(this);
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
