using System.Security.Cryptography;

namespace Privatemode.AI.Testing.Evidence.Certificates;

/// <summary>
/// The private keys behind all evidence of test deployments. They are fixed, because generating an RSA key of 4096 bits takes seconds, and they are public on
/// purpose. They are harmless because clients accept their roots on loopback only.
/// </summary>
internal static class TestKeys
{
    private const string Resource = "public-test-keys.pem";

    private static readonly Lazy<string> Text = new(Read);
    private static readonly Lazy<RsaKey> LazyArkGenoa = Rsa(nameof(ArkGenoa));
    private static readonly Lazy<RsaKey> LazyAskGenoa = Rsa(nameof(AskGenoa));
    private static readonly Lazy<RsaKey> LazyAsvkGenoa = Rsa(nameof(AsvkGenoa));
    private static readonly Lazy<RsaKey> LazyArkMilan = Rsa(nameof(ArkMilan));
    private static readonly Lazy<RsaKey> LazyAskMilan = Rsa(nameof(AskMilan));
    private static readonly Lazy<RsaKey> LazyForgedArk = Rsa(nameof(ForgedArk));
    private static readonly Lazy<EcKey> LazyVcek = Ec(nameof(Vcek));
    private static readonly Lazy<EcKey> LazyVlek = Ec(nameof(Vlek));
    private static readonly Lazy<EcKey> LazyStrangerP384 = Ec(nameof(StrangerP384));
    private static readonly Lazy<EcKey> LazyContrastRoot = Ec(nameof(ContrastRoot));
    private static readonly Lazy<EcKey> LazyIntelRoot = Ec(nameof(IntelRoot));
    private static readonly Lazy<EcKey> LazyPckPlatformCa = Ec(nameof(PckPlatformCa));
    private static readonly Lazy<EcKey> LazyPckProcessorCa = Ec(nameof(PckProcessorCa));
    private static readonly Lazy<EcKey> LazyPckLeaf = Ec(nameof(PckLeaf));
    private static readonly Lazy<EcKey> LazyTcbSigning = Ec(nameof(TcbSigning));
    private static readonly Lazy<EcKey> LazyQuoteAttestation = Ec(nameof(QuoteAttestation));
    private static readonly Lazy<EcKey> LazyForgedIntelRoot = Ec(nameof(ForgedIntelRoot));
    private static readonly Lazy<EcKey> LazyStrangerP256 = Ec(nameof(StrangerP256));

    /// <summary>AMD root keys, intermediates and the keys of chips.</summary>
    public static RsaKey ArkGenoa => LazyArkGenoa.Value;

    public static RsaKey AskGenoa => LazyAskGenoa.Value;

    public static RsaKey AsvkGenoa => LazyAsvkGenoa.Value;

    public static RsaKey ArkMilan => LazyArkMilan.Value;

    public static RsaKey AskMilan => LazyAskMilan.Value;

    public static RsaKey ForgedArk => LazyForgedArk.Value;

    public static EcKey Vcek => LazyVcek.Value;

    public static EcKey Vlek => LazyVlek.Value;

    /// <summary>A key that no role uses: it signs evidence that only looks authentic.</summary>
    public static EcKey StrangerP384 => LazyStrangerP384.Value;

    /// <summary>The key of the coordinator's root CA, which exists in addition to the mesh CA.</summary>
    public static EcKey ContrastRoot => LazyContrastRoot.Value;

    /// <summary>Intel's root, its authorities and the keys of a platform.</summary>
    public static EcKey IntelRoot => LazyIntelRoot.Value;

    public static EcKey PckPlatformCa => LazyPckPlatformCa.Value;

    public static EcKey PckProcessorCa => LazyPckProcessorCa.Value;

    public static EcKey PckLeaf => LazyPckLeaf.Value;

    public static EcKey TcbSigning => LazyTcbSigning.Value;

    public static EcKey QuoteAttestation => LazyQuoteAttestation.Value;

    public static EcKey ForgedIntelRoot => LazyForgedIntelRoot.Value;

    public static EcKey StrangerP256 => LazyStrangerP256.Value;

    private static Lazy<RsaKey> Rsa(string name) => new(() =>
    {
        RSA key = RSA.Create();
        key.ImportFromPem(Find(name));
        return new RsaKey(key);
    });

    private static Lazy<EcKey> Ec(string name) => new(() =>
    {
        ECDsa key = ECDsa.Create();
        key.ImportFromPem(Find(name));
        return new EcKey(key);
    });

    // A key stands below a line with its name.
    private static ReadOnlySpan<char> Find(string name)
    {
        ReadOnlySpan<char> text = Text.Value;
        ReadOnlySpan<char> rest = text[(text.IndexOf($"\n{name}\n", StringComparison.Ordinal) + 1)..];
        return rest[PemEncoding.Find(rest).Location];
    }

    private static string Read()
    {
        using Stream stream = typeof(TestKeys).Assembly.GetManifestResourceStream(Resource)!;
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }
}
