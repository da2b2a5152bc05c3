using Privatemode.AI.Testing.Evidence;
using Privatemode.AI.Testing.Evidence.Collateral;
using Privatemode.AI.Testing.Evidence.Defects;

namespace Privatemode.AI.Testing;

/// <summary>The evidence a test deployment issues about itself: real in form, under test roots, sound unless a defect is switched on.</summary>
/// <remarks>May be changed at any time; the next answer follows. Thread-safe.</remarks>
public sealed class DeploymentEvidence
{
    private const int OldestReport = 2;
    private const int NewestReport = 5;

    private readonly TimeProvider _time;
    private readonly RequestCounter _requests;
    private readonly Lock _gate = new();
    private EvidenceSettings _settings = new();
    private IssuedEvidence? _issued;

    internal DeploymentEvidence(TimeProvider time, RequestCounter requests)
    {
        _time = time;
        _requests = requests;
    }

    /// <summary>The hardware. Default <see cref="EvidenceKind.Snp"/>.</summary>
    /// <exception cref="ArgumentException">The defect switched on does not exist on this hardware.</exception>
    public EvidenceKind Kind
    {
        get => Settings.Kind;
        set => Change(settings => settings with { Kind = value });
    }

    /// <summary>The AMD product line. Default <see cref="EvidenceProduct.Genoa"/>.</summary>
    public EvidenceProduct Product
    {
        get => Settings.Product;
        set => Change(settings => settings with { Product = value });
    }

    /// <summary>Version of SNP reports, 2 to 5. Default 5; the manifest asks for mitigations only then.</summary>
    public int ReportVersion
    {
        get => (int)Settings.ReportVersion;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, OldestReport);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, NewestReport);
            Change(settings => settings with { ReportVersion = (uint)value });
        }
    }

    /// <summary>SNP evidence carries its certificates and revocation list; otherwise clients fetch them. Default true.</summary>
    public bool HasCertificates
    {
        get => Settings.HasCertificates;
        set => Change(settings => settings with { HasCertificates = value });
    }

    /// <summary>The attestation document names the kind of its evidence, as services of 2026 do. Default true.</summary>
    public bool StatesKind
    {
        get => Settings.StatesKind;
        set => Change(settings => settings with { StatesKind = value });
    }

    /// <summary>The one thing that is wrong. Default <see cref="EvidenceDefect.None"/>.</summary>
    /// <exception cref="ArgumentException">The defect does not exist on this hardware: set <see cref="Kind"/> first.</exception>
    public EvidenceDefect Defect
    {
        get => Settings.Defect;
        set => Change(settings => settings with { Defect = value });
    }

    /// <summary>The manifest the CDN stand-in serves.</summary>
    public ReadOnlyMemory<byte> Manifest => Current().Manifest;

    /// <summary>Replaces the manifest and all workloads with it, the coordinator's included, as a release does.</summary>
    public void ChangeManifest() => Change(settings => settings with { Revision = settings.Revision + 1 });

    /// <summary>How many requests reached a stand-in so far, refused ones included.</summary>
    /// <param name="source">The stand-in.</param>
    /// <returns>The number.</returns>
    public int RequestsTo(EvidenceSource source) => _requests.Get(source);

    /// <summary>What there is to be had now. Dates follow the day of the clock; within a day nothing is signed twice.</summary>
    internal IssuedEvidence Current()
    {
        DateTimeOffset day = new(_time.GetUtcNow().UtcDateTime.Date, TimeSpan.Zero);
        lock (_gate)
        {
            return _issued = _issued is { } issued && issued.Day == day ? issued : new IssuedEvidence(_settings, day);
        }
    }

    private EvidenceSettings Settings
    {
        get
        {
            lock (_gate)
            {
                return _settings;
            }
        }
    }

    private void Change(Func<EvidenceSettings, EvidenceSettings> change)
    {
        lock (_gate)
        {
            EvidenceSettings changed = change(_settings);
            if (!DefectCatalogue.AppliesTo(changed.Defect, changed.Kind))
            {
                throw new ArgumentException($"{changed.Defect} does not exist on {changed.Kind} hardware.");
            }

            (_settings, _issued) = (changed, null);
        }
    }
}
