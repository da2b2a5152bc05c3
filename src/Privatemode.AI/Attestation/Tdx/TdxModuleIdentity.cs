using System.Globalization;
using System.Text.Json;

namespace Privatemode.AI.Attestation.Tdx;

/// <summary>A line of TDX modules: who signs them, and what Intel says about their versions.</summary>
/// <param name="Line">The number in the line's name, the second byte of TEE_TCB_SVN; null for a name of another form.</param>
/// <param name="Module">Signer and attributes.</param>
/// <param name="Levels">Intel's levels.</param>
internal sealed record TdxModuleIdentity(int? Line, TdxModule Module, IReadOnlyList<SvnLevel> Levels)
{
    /// <summary>Reads the lines; none when the member is absent. A line may stand only once.</summary>
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

    /// <summary>What Intel says about the module in the quote; null when its line is judged with the platform.</summary>
    /// <param name="tcbInfo">Intel's statement about the platform's family.</param>
    /// <param name="report">The quote's body.</param>
    /// <param name="teeTcbSvn">The TCB at launch or now, 16 bytes.</param>
    /// <exception cref="PrivatemodeVerificationException">Intel does not know the module, or not any more.</exception>
    public static TcbFinding? Judge(TcbInfo tcbInfo, TdReport report, ReadOnlySpan<byte> teeTcbSvn)
    {
        int version = teeTcbSvn[0];
        int line = teeTcbSvn[1];
        if (line == 0)
        {
            tcbInfo.Module.Check(report);
            return null;
        }

        TdxModuleIdentity identity = tcbInfo.ModuleIdentities.FirstOrDefault(candidate => candidate.Line == line) ?? throw TdxFailure.Platform(
            TdxChecks.ModuleIdentity, "runs a TDX module of a line that Intel does not list", found: $"TDX_{line:X2}");
        identity.Module.Check(report);
        return SvnLevel.Match(identity.Levels, version)?.Finding ?? throw TdxFailure.Platform(
            TdxChecks.ModuleLevel,
            "runs a TDX module older than any that Intel lists",
            $"TDX_{line:X2} version {identity.Levels.Min(level => level.IsvSvn)} or higher",
            $"version {version}");
    }

    // "TDX_" and two hex digits. Intel's verifier disregards case.
    private static int? ReadLine(ReadOnlySpan<byte> id)
    {
        ReadOnlySpan<byte> prefix = "TDX_"u8;
        bool isLine = id.Length == prefix.Length + 2 && System.Text.Ascii.EqualsIgnoreCase(id[..prefix.Length], prefix);
        return isLine && byte.TryParse(id[prefix.Length..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte line) ? line : null;
    }
}
