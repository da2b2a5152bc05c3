using System.Globalization;
using System.Text.Json;

namespace Privatemode.AI.Attestation.Tdx;

/// <summary>Intel's information about a family of platforms. Read from bytes whose signature has been verified.</summary>
internal sealed record TcbInfo(
    DateTimeOffset IssueDate,
    DateTimeOffset NextUpdate,
    byte[] Fmspc,
    byte[] PceId,
    int EvaluationDataNumber,
    TdxModule Module,
    IReadOnlyList<TdxModuleIdentity> ModuleIdentities,
    IReadOnlyList<TcbLevel> Levels)
{
    /// <summary>Name of the signed member.</summary>
    public const string Name = "tcbInfo";

    private const int Version = 3;
    private const int TcbType = 0;
    private const int FmspcSize = 6;
    private const int PceIdSize = 2;

    /// <summary>Reads the document from an answer of Intel's service. Its dates and its family of platforms are not checked.</summary>
    /// <exception cref="PrivatemodeVerificationException">The document is not signed, is for another technology, or is malformed.</exception>
    public static TcbInfo ReadSigned(ReadOnlyMemory<byte> answer, CollateralSigner signer) =>
        SignedDocument.Read(answer, signer, Name, TdxChecks.TcbInfoFormat, TdxChecks.TcbInfoSignature, Read);

    /// <exception cref="PrivatemodeVerificationException">The document is for another technology, or is malformed.</exception>
    public static TcbInfo Read(JsonElement content) => CollateralJson.Read(content, Name, TdxChecks.TcbInfoFormat, static content =>
    {
        // Checked first, because a document of another version or technology has other members.
        if (!content.ReadText("id").SequenceEqual("TDX"u8)
            || content.ReadInteger("version", int.MaxValue) != Version
            || content.ReadInteger("tcbType", int.MaxValue) != TcbType)
        {
            throw TdxExceptions.Collateral(
                TdxChecks.TcbInfoKind, "Intel's tcbInfo is not for TDX platforms", $"TDX, version {Version}, type {TcbType}");
        }

        return new TcbInfo(
            content.ReadDate("issueDate"),
            content.ReadDate("nextUpdate"),
            content.ReadHex("fmspc", FmspcSize),
            content.ReadHex("pceId", PceIdSize),
            content.ReadInteger("tcbEvaluationDataNumber", int.MaxValue),
            TdxModule.Read(content.ReadObject("tdxModule")),
            TdxModuleIdentity.ReadAll(content),
            TcbLevel.ReadAll(content));
    });

    /// <summary>Refuses the document outside of its validity, which includes both ends.</summary>
    public void CheckDates(DateTimeOffset at) =>
        CollateralDates.Check(Name, IssueDate, NextUpdate, at, TdxChecks.TcbInfoNotYetValid, TdxChecks.TcbInfoExpired);

    /// <summary>Refuses a document for another family of platforms.</summary>
    public void CheckBelongsTo(PckExtensions platform)
    {
        Compare(platform.Fmspc.Span, Fmspc, TdxChecks.TcbInfoFmspc, "family of platforms");
        Compare(platform.PceId.Span, PceId, TdxChecks.TcbInfoPceId, "provisioning enclave");

        static void Compare(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> found, string check, string what)
        {
            if (!expected.SequenceEqual(found))
            {
                throw TdxExceptions.Collateral(
                    check, $"Intel's tcbInfo is for another {what}", Convert.ToHexStringLower(expected), Convert.ToHexStringLower(found));
            }
        }
    }
}

/// <summary>A level of a platform's TCB. Its status applies to a platform whose SVNs are all at least these.</summary>
internal sealed class TcbLevel(byte[] platform, byte[] module, int pceSvn, TcbFinding finding)
{
    private const int ComponentCount = PckExtensions.ComponentCount;
    private readonly byte[] _platform = platform;
    private readonly byte[] _module = module;
    private readonly int _pceSvn = pceSvn;

    public TcbFinding Finding { get; } = finding;

    public static IReadOnlyList<TcbLevel> ReadAll(JsonElement parent) => parent.ReadLevels(static level =>
    {
        JsonElement tcb = level.ReadObject("tcb");
        return new TcbLevel(
            ReadComponents(tcb, "sgxtcbcomponents"),
            ReadComponents(tcb, "tdxtcbcomponents"),
            tcb.ReadInteger("pcesvn", ushort.MaxValue),
            TcbFinding.Read(level));
    });

    /// <summary>Returns the highest level that the platform reaches, regardless of the order of the list; null if it reaches none.</summary>
    /// <param name="teeTcbSvn">TEE_TCB_SVN, 16 bytes.</param>
    public static TcbLevel? Match(IReadOnlyList<TcbLevel> levels, PckExtensions platform, ReadOnlySpan<byte> teeTcbSvn)
    {
        // A module of line 1 or higher is evaluated by its own identity: its version and line, components 0 and 1, are then not compared.
        int first = teeTcbSvn[1] > 0 ? 2 : 0;
        TcbLevel? best = null;
        foreach (TcbLevel level in levels)
        {
            bool reached = platform.PceSvn >= level._pceSvn
                && Reaches(platform.Components.Span, level._platform)
                && Reaches(teeTcbSvn[first..], level._module.AsSpan(first));
            if (reached && (best is null || level.CompareTo(best) > 0))
            {
                best = level;
            }
        }

        return best;
    }

    // Intel's order: the platform's components, then the PCE, then the module's components.
    private int CompareTo(TcbLevel other)
    {
        int platform = _platform.AsSpan().SequenceCompareTo(other._platform);
        int pce = _pceSvn.CompareTo(other._pceSvn);
        return platform != 0 ? platform : pce != 0 ? pce : _module.AsSpan().SequenceCompareTo(other._module);
    }

    private static bool Reaches(ReadOnlySpan<byte> actual, ReadOnlySpan<byte> demanded)
    {
        for (int i = 0; i < demanded.Length; i++)
        {
            if (actual[i] < demanded[i])
            {
                return false;
            }
        }

        return true;
    }

    private static byte[] ReadComponents(JsonElement tcb, string name)
    {
        byte[] components = new byte[ComponentCount];
        int count = 0;
        foreach (JsonElement component in tcb.ReadObjects(name))
        {
            components[count < ComponentCount ? count : throw new JsonException()] = (byte)component.ReadInteger("svn", byte.MaxValue);
            count++;
        }

        return count == ComponentCount ? components : throw new JsonException();
    }
}

/// <summary>A level of a module or an enclave. Its status applies from this version on.</summary>
internal sealed record SvnLevel(int IsvSvn, TcbFinding Finding)
{
    public static IReadOnlyList<SvnLevel> ReadAll(JsonElement parent) => parent.ReadLevels(
        static level => new SvnLevel(level.ReadObject("tcb").ReadInteger("isvsvn", ushort.MaxValue), TcbFinding.Read(level)));

    /// <summary>Returns the highest level that the version reaches, regardless of the order of the list; null if it reaches none.</summary>
    public static SvnLevel? Match(IReadOnlyList<SvnLevel> levels, int isvSvn) =>
        levels.Where(level => level.IsvSvn <= isvSvn).MaxBy(level => level.IsvSvn);
}

/// <summary>Intel's finding about one level of a TCB.</summary>
/// <param name="Date">The date up to which all published weaknesses are fixed, unless the status says otherwise.</param>
internal sealed record TcbFinding(TcbStatus Status, DateTimeOffset Date, IReadOnlyList<string> Advisories)
{
    /// <summary>Reads the members at the end of every level. An unknown status is refused, because its meaning is unknown.</summary>
    public static TcbFinding Read(JsonElement level) => new(
        TcbStatuses.Find(level.ReadText("tcbStatus")) ?? throw new JsonException(),
        level.ReadDate("tcbDate"),
        level.ReadTexts("advisoryIDs"));

    /// <summary>Combines the findings about two components: worst status, oldest date, all advisories.</summary>
    public TcbFinding Converge(TcbFinding other) => new(
        TcbStatuses.Converge(Status, other.Status),
        Date <= other.Date ? Date : other.Date,
        Advisories.Count == 0 ? other.Advisories : [.. Advisories.Union(other.Advisories, StringComparer.Ordinal)]);
}

/// <summary>The signer of a TDX module and the attributes that it must have.</summary>
internal sealed record TdxModule(byte[] MrSigner, byte[] Attributes, byte[] AttributesMask)
{
    private const int MrSignerSize = 48;

    public static TdxModule Read(JsonElement element) => new(
        element.ReadHex("mrsigner", MrSignerSize),
        element.ReadHex("attributes", sizeof(ulong)),
        element.ReadHex("attributesMask", sizeof(ulong)));

    /// <summary>Compares the module that the quote names with this one.</summary>
    public void Check(TdReport report)
    {
        ReadOnlySpan<byte> signer = report.MrSignerSeam.Span;
        if (!signer.SequenceEqual(MrSigner))
        {
            throw TdxExceptions.Platform(
                TdxChecks.ModuleSigner, "runs a TDX module that is not signed by Intel", Convert.ToHexStringLower(MrSigner), Convert.ToHexStringLower(signer));
        }

        // Intel's verifier requires zeros regardless of the mask.
        ReadOnlySpan<byte> attributes = report.SeamAttributes.Span;
        if (!MaskedBytes.AreEqual(attributes, AttributesMask, Attributes) || attributes.ContainsAnyExcept((byte)0))
        {
            throw TdxExceptions.Platform(
                TdxChecks.ModuleAttributes, "runs a TDX module with unexpected attributes",
                Convert.ToHexStringLower(Attributes), Convert.ToHexStringLower(attributes));
        }
    }
}

/// <summary>A line of TDX modules: the signer, and Intel's status of each version.</summary>
/// <param name="Line">The number in the line's name, the second byte of TEE_TCB_SVN; null for a name of another form.</param>
internal sealed record TdxModuleIdentity(int? Line, TdxModule Module, IReadOnlyList<SvnLevel> Levels)
{
    /// <summary>Reads the lines of TDX modules; empty if the member is absent. A line must not occur twice.</summary>
    public static IReadOnlyList<TdxModuleIdentity> ReadAll(JsonElement parent)
    {
        const string name = "tdxModuleIdentities";
        List<TdxModuleIdentity> identities = [];
        if (!parent.TryGetProperty(name, out _))
        {
            return identities;
        }

        foreach (JsonElement element in parent.ReadObjects(name))
        {
            TdxModuleIdentity identity = new(ReadLine(element.ReadText("id")), TdxModule.Read(element), SvnLevel.ReadAll(element));
            if (identity.Line is not null && identities.Exists(other => other.Line == identity.Line))
            {
                throw new JsonException();
            }

            identities.Add(identity);
        }

        return identities;
    }

    /// <summary>Returns Intel's status of the TDX module in the quote, or null if the module belongs to line 0, which Intel evaluates together with the
    /// platform.</summary>
    /// <param name="teeTcbSvn">The TCB at launch or now, 16 bytes.</param>
    /// <exception cref="PrivatemodeVerificationException">Intel does not list the module's line, or the module is older than every version that Intel
    /// lists.</exception>
    public static TcbFinding? Evaluate(TcbInfo tcbInfo, TdReport report, ReadOnlySpan<byte> teeTcbSvn)
    {
        int version = teeTcbSvn[0];
        int line = teeTcbSvn[1];
        if (line == 0)
        {
            tcbInfo.Module.Check(report);
            return null;
        }

        TdxModuleIdentity identity = tcbInfo.ModuleIdentities.FirstOrDefault(candidate => candidate.Line == line) ?? throw TdxExceptions.Platform(
            TdxChecks.ModuleIdentity, "runs a TDX module of a line that Intel does not list", found: $"TDX_{line:X2}", cause: VerificationCause.Collateral);
        identity.Module.Check(report);
        return SvnLevel.Match(identity.Levels, version)?.Finding ?? throw TdxExceptions.Platform(
            TdxChecks.ModuleLevel,
            "runs a TDX module that is older than all versions that Intel lists",
            $"TDX_{line:X2} version {identity.Levels.Min(level => level.IsvSvn)} or higher",
            $"version {version}",
            VerificationCause.Collateral);
    }

    // "TDX_" and two hex digits. Intel's verifier ignores case.
    private static int? ReadLine(ReadOnlySpan<byte> id)
    {
        ReadOnlySpan<byte> prefix = "TDX_"u8;
        bool isLine = id.Length == prefix.Length + 2 && System.Text.Ascii.EqualsIgnoreCase(id[..prefix.Length], prefix);
        return isLine && byte.TryParse(id[prefix.Length..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte line) ? line : null;
    }
}
