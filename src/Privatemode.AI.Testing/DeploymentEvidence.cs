using Privatemode.AI.Testing.Evidence;
using Privatemode.AI.Testing.Evidence.Collateral;
using Privatemode.AI.Testing.Evidence.Defects;

namespace Privatemode.AI.Testing;

/// <summary>Represents the attestation evidence that a test deployment issues about itself.</summary>
/// <remarks>
/// <para>The evidence has the form of real evidence, is signed under test roots, and is valid unless <see cref="Defect"/> is set.</para>
/// <para>All properties can be changed while the deployment runs, and the next evidence reflects the change. A client that has verified the deployment keeps
/// its result; to test a defect, set it before the client sends its first request.</para>
/// <para>Thread-safe.</para>
/// </remarks>
public sealed class DeploymentEvidence
{
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

    /// <summary>Gets or sets the kind of the evidence. The default is <see cref="EvidenceKind.SevSnp"/>.</summary>
    /// <exception cref="ArgumentException">The current <see cref="Defect"/> does not apply to this kind of evidence. Set <see cref="Defect"/> to
    /// <see cref="EvidenceDefect.None"/> first.</exception>
    public EvidenceKind Kind
    {
        get => Settings.Kind;
        set => Change(settings => settings with { Kind = value });
    }

    /// <summary>Gets or sets the AMD product line of SEV-SNP evidence. The default is <see cref="EvidenceAmdProduct.Genoa"/>.</summary>
    public EvidenceAmdProduct AmdProduct
    {
        get => Settings.Product;
        set => Change(settings => settings with { Product = value });
    }

    /// <summary>Gets or sets a value that indicates whether SEV-SNP evidence includes its certificates and revocation list.</summary>
    /// <value>If <see langword="false"/>, clients retrieve them from the deployment, which stands in for AMD's key distribution service. The default is
    /// <see langword="true"/>.</value>
    public bool IncludeCertificates
    {
        get => Settings.HasCertificates;
        set => Change(settings => settings with { HasCertificates = value });
    }

    /// <summary>Gets or sets the defect of the evidence. The default is <see cref="EvidenceDefect.None"/>.</summary>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">The defect does not apply to the current <see cref="Kind"/>. Set <see cref="Kind"/> first.</exception>
    public EvidenceDefect Defect
    {
        get => EvidenceDefect.FromName(Settings.Defect);
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            Change(settings => settings with { Defect = value.Name });
        }
    }

    /// <summary>Gets the bytes of the manifest that the publisher names, for example to pin it in <see cref="VerificationOptions.Manifest"/>.</summary>
    /// <value>The manifest of the deployment or, after <see cref="PublishManifest"/>, the next one, which is not deployed yet.</value>
    public ReadOnlyMemory<byte> Manifest => Current().PublishedManifest;

    /// <summary>Publishes the next manifest without deploying it: the publisher names it, but the evidence is still that of the previous manifest.</summary>
    /// <remarks>It lets a test reach the state in which <see cref="ManifestUpdate.IsDeployed"/> is <see langword="false"/>. <see cref="ChangeManifest"/>
    /// deploys the manifest. A second call has no effect until then.</remarks>
    public void PublishManifest() => Change(settings => settings with { IsNextPublished = true });

    /// <summary>Replaces the manifest and all workloads in it, including the coordinator, as a release of the service does.</summary>
    /// <remarks>A client that has verified the deployment continues to use its session. It sees the change when it verifies the deployment again, for example
    /// after <see cref="PrivatemodeTestDeployment.RotateMeshCa"/>.</remarks>
    public void ChangeManifest() => Change(settings => settings with { Revision = settings.Revision + 1, IsNextPublished = false });

    /// <summary>Returns the number of requests that an evidence source has received, including those that it refused.</summary>
    /// <param name="source">The evidence source.</param>
    /// <returns>The number of requests. For <see cref="EvidenceSource.Attestation"/>, requests without a valid API key and client version are not
    /// counted.</returns>
    /// <exception cref="IndexOutOfRangeException"><paramref name="source"/> is not a defined value.</exception>
    public int GetRequestCount(EvidenceSource source) => _requests.Get(source);

    /// <summary>Returns the evidence for the current day of the clock. It is created when the day or a setting has changed.</summary>
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
                throw new ArgumentException($"The defect '{changed.Defect}' does not apply to evidence of the kind '{changed.Kind}'.");
            }

            (_settings, _issued) = (changed, null);
        }
    }
}
