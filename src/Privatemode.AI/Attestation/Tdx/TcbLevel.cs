using System.Text.Json;

namespace Privatemode.AI.Attestation.Tdx;

/// <summary>A level of a platform's TCB: a platform that has all of these SVNs, or higher ones, is what the finding says.</summary>
internal sealed class TcbLevel
{
    private const int ComponentCount = PckExtensions.ComponentCount;
    private readonly byte[] _platform;
    private readonly byte[] _module;
    private readonly int _pceSvn;

    private TcbLevel(byte[] platform, byte[] module, int pceSvn, TcbFinding finding)
    {
        _platform = platform;
        _module = module;
        _pceSvn = pceSvn;
        Finding = finding;
    }

    public TcbFinding Finding { get; }

    /// <summary>Reads the platform's levels; there is at least one.</summary>
    public static IReadOnlyList<TcbLevel> ReadAll(JsonElement parent)
    {
        List<TcbLevel> levels = [];
        foreach (JsonElement level in parent.ReadObjects("tcbLevels"))
        {
            JsonElement tcb = level.ReadObject("tcb");
            levels.Add(new TcbLevel(
                ReadComponents(tcb, "sgxtcbcomponents"),
                ReadComponents(tcb, "tdxtcbcomponents"),
                tcb.ReadInteger("pcesvn", ushort.MaxValue),
                TcbFinding.Read(level)));
        }

        return levels.Count > 0 ? levels : throw new JsonException();
    }

    /// <summary>The highest level that the platform reaches, whatever the order they are listed in; null when it reaches none.</summary>
    /// <param name="levels">Intel's levels.</param>
    /// <param name="platform">What the PCK certificate says about the platform.</param>
    /// <param name="teeTcbSvn">TEE_TCB_SVN, 16 bytes.</param>
    public static TcbLevel? Match(IReadOnlyList<TcbLevel> levels, PckExtensions platform, ReadOnlySpan<byte> teeTcbSvn)
    {
        // A module of line 1 or higher is judged by its own identity: its version and line, components 0 and 1, are then not compared.
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
