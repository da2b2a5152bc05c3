using System.Text.Json;

namespace Privatemode.AI.Attestation.Tdx;

/// <summary>A level of a module or an enclave: from this version on, Intel says that.</summary>
internal sealed record SvnLevel(int IsvSvn, TcbFinding Finding)
{
    /// <summary>Reads the levels of a module or an enclave; there is at least one.</summary>
    public static IReadOnlyList<SvnLevel> ReadAll(JsonElement parent)
    {
        List<SvnLevel> levels = [];
        foreach (JsonElement level in parent.ReadObjects("tcbLevels"))
        {
            levels.Add(new SvnLevel(level.ReadObject("tcb").ReadInteger("isvsvn", ushort.MaxValue), TcbFinding.Read(level)));
        }

        return levels.Count > 0 ? levels : throw new JsonException();
    }

    /// <summary>The highest level that the version reaches, whatever the order they are listed in; null when it reaches none.</summary>
    public static SvnLevel? Match(IReadOnlyList<SvnLevel> levels, int isvSvn)
    {
        SvnLevel? best = null;
        foreach (SvnLevel level in levels)
        {
            if (level.IsvSvn <= isvSvn && (best is null || level.IsvSvn > best.IsvSvn))
            {
                best = level;
            }
        }

        return best;
    }
}
