using System.Runtime.ExceptionServices;
using Privatemode.AI.Diagnostics;
using Privatemode.AI.Internal;
using Privatemode.AI.KeyExchange;
using Privatemode.AI.Receipts;

namespace Privatemode.AI.Verification;

/// <summary>Keeps the last verdict about the deployment while it counts, and renews it in the background before it ends.</summary>
internal sealed class DeploymentVerifier(
    AttestationRun attestation, ManifestPolicyEvaluator manifests, ClientEvents events, TimeProvider time) : IDisposable
{
    // Secrets are exchanged every 45 minutes at least while the client is in use, so that a call arrives in the last 90 minutes.
    private static readonly TimeSpan RenewalLead = TimeSpan.FromMinutes(90);
    private static readonly TimeSpan ManifestInterval = TimeSpan.FromMinutes(5);

    // A failure there is not reported; a caller that needs the result tries again.
    private const string BackgroundTrigger = "renewal";

    private readonly SemaphoreSlim _gate = new(1);
    private readonly CancellationTokenSource _lifetime = new();
    private VerifiedMesh? _current;
    private ValidityPeriod _publisherCheck; // how long what the publisher named last is current
    private int _renewing;
    private Exception? _failure;
    private Exception? _shared; // how a verification failed for everybody who waited for it; null since one succeeded

    /// <summary>Called when another mesh CA or manifest, or none, is trusted from now on.</summary>
    public Action Changed { get; set; } = () => { };

    /// <summary>What is known now; sends nothing.</summary>
    public DeploymentHealth Health
    {
        get
        {
            // The failure first: a verdict that comes in between ends it, and the old verdict without its failure would look sound.
            Exception? failure = Volatile.Read(ref _failure);
            return new DeploymentHealth(GetUsable(rejected: null)?.Deployment, failure);
        }
    }

    /// <summary>The background renewal under way, for tests.</summary>
    internal Task Renewal { get; private set; } = Task.CompletedTask;

    /// <summary>The mesh to trust now.</summary>
    /// <param name="rejected">What was returned before and did not work; null the first time.</param>
    /// <exception cref="PrivatemodeVerificationException">The deployment did not prove itself.</exception>
    public async ValueTask<VerifiedMesh> GetAsync(VerifiedMesh? rejected, string apiKey, bool async, CancellationToken cancellationToken)
    {
        if (GetUsable(rejected) is { } mesh)
        {
            RenewInBackground(mesh, apiKey);
            return mesh;
        }

        return await RunExclusiveAsync(
            () => GetUsable(rejected), () => VerifyAsync("call", apiKey, async, cancellationToken), async, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Verifies anew, whatever is known.</summary>
    /// <exception cref="ObjectDisposedException">The client was disposed before or meanwhile.</exception>
    public async ValueTask<VerifiedMesh> VerifyNowAsync(string apiKey, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_lifetime.IsCancellationRequested, typeof(PrivatemodeClient));
        using CallDeadline deadline = new(Timeout.InfiniteTimeSpan, time, async: true, cancellationToken, _lifetime.Token);
        try
        {
            return await RunExclusiveAsync(
                () => null, () => VerifyAsync("request", apiKey, async: true, deadline.Token), async: true, deadline.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (
            exception is OperationCanceledException or ObjectDisposedException && !cancellationToken.IsCancellationRequested
            && _lifetime.IsCancellationRequested)
        {
            throw new ObjectDisposedException(nameof(PrivatemodeClient));
        }
    }

    /// <summary>Whether this deployment, or the same verified again, is the trusted one now.</summary>
    public bool IsTrusted(VerifiedDeployment deployment) => Volatile.Read(ref _current) is { } current && IsSame(current.Deployment, deployment);

    public void Dispose() => _lifetime.Cancel();

    private VerifiedMesh? GetUsable(VerifiedMesh? rejected)
    {
        VerifiedMesh? mesh = Volatile.Read(ref _current);
        return mesh is not null && mesh != rejected && !mesh.Validity.IsOver(time) && !manifests.IsClosed ? mesh : null;
    }

    /// <summary>One verification at a time. How it fails, it fails for all callers that were waiting then; later ones try again.</summary>
    private async ValueTask<VerifiedMesh> RunExclusiveAsync(
        Func<VerifiedMesh?> known, Func<ValueTask<VerifiedMesh>> find, bool async, CancellationToken cancellationToken)
    {
        ReceiptScope.ThrowIfInsideApproval();
        Exception? before = Volatile.Read(ref _shared);
        if (async)
        {
            await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        else
        {
            _gate.Wait(cancellationToken);
        }

        try
        {
            if (known() is { } mesh)
            {
                return mesh;
            }

            // Each trying again in turn would make the last of many wait for ever.
            if (_shared is { } failure && failure != before)
            {
                SharedExceptions.ThrowCopy(failure);
            }

            return await find().ConfigureAwait(false);
        }
        finally
        {
            _ = _gate.Release();
        }
    }

    private async ValueTask<VerifiedMesh> VerifyAsync(string trigger, string apiKey, bool async, CancellationToken cancellationToken)
    {
        TelemetryOperation? operation = TelemetryOperation.Begin(Telemetry.Attest, time);
        operation?.Measure(TelemetryTags.Trigger, trigger);
        try
        {
            VerifiedMesh mesh = await VerifyAsync(apiKey, async, cancellationToken).ConfigureAwait(false);
            Volatile.Write(ref _shared, null);
            operation?.About(mesh.Deployment);
            operation?.Succeed();
            events.DeploymentVerified(mesh.Deployment);
            return mesh;
        }
        catch (Exception exception)
        {
            if (trigger != BackgroundTrigger && SharedExceptions.IsShareable(exception))
            {
                Volatile.Write(ref _shared, exception);
            }

            operation?.Fail(exception);
            if (exception is PrivatemodeVerificationException failure)
            {
                events.VerificationFailed(failure);
            }

            throw;
        }
    }

    private async ValueTask<VerifiedMesh> VerifyAsync(string apiKey, bool async, CancellationToken cancellationToken)
    {
        try
        {
            VerifiedMesh mesh = await attestation.VerifyAsync(apiKey, InvalidateOther, async, cancellationToken).ConfigureAwait(false);
            VerifiedMesh? before = _current;
            _publisherCheck = ValidityPeriod.Of(ManifestInterval, time);
            Volatile.Write(ref _current, mesh);
            Volatile.Write(ref _failure, null);
            if (before is not null && !IsSame(before.Deployment, mesh.Deployment))
            {
                Changed();
            }

            return mesh;
        }
        catch (PrivatemodeVerificationException exception)
        {
            Volatile.Write(ref _failure, exception);

            // What was proved before is not true any more, or not of what answers now.
            Volatile.Write(ref _current, null);
            Changed();
            throw;
        }
    }

    /// <summary>The deployment has proved another manifest: the verdict about the earlier one is not true any more, whatever the user decides.</summary>
    private void InvalidateOther(string manifestSha256)
    {
        if (_current is { } current && current.Deployment.ManifestSha256 != manifestSha256)
        {
            Volatile.Write(ref _current, null);
            Changed();
        }
    }

    // Another manifest is other code, even where the coordinator kept its CA.
    private static bool IsSame(VerifiedDeployment before, VerifiedDeployment now) =>
        before.MeshCaSha256 == now.MeshCaSha256 && before.ManifestSha256 == now.ManifestSha256;

    private void RenewInBackground(VerifiedMesh mesh, string apiKey)
    {
        ValidityPeriod validity = mesh.Validity;
        TimeSpan lead = (validity.Until - validity.From) / 4;
        bool isDue = validity.Left(time) <= (lead < RenewalLead ? lead : RenewalLead);
        bool mayHaveChanged = manifests.FollowsThePublisher && _publisherCheck.IsOver(time);
        if ((isDue || mayHaveChanged) && Interlocked.Exchange(ref _renewing, 1) == 0)
        {
            _publisherCheck = ValidityPeriod.Of(ManifestInterval, time);
            Renewal = BackgroundWork.Start(() => Task.Run(() => RenewAsync(mesh, isDue, apiKey)));
        }
    }

    private async Task RenewAsync(VerifiedMesh mesh, bool isDue, string apiKey)
    {
        try
        {
            Exception? before = Volatile.Read(ref _failure);
            string digest = mesh.Deployment.ManifestSha256;
            bool? hasChanged = isDue ? true : await manifests.HasChangedAsync(digest, async: true, _lifetime.Token).ConfigureAwait(false);
            if (hasChanged == true)
            {
                _ = await RunExclusiveAsync(
                    () => GetUsable(mesh), () => VerifyAsync(BackgroundTrigger, apiKey, async: true, _lifetime.Token), async: true, _lifetime.Token)
                    .ConfigureAwait(false);
            }
            else if (hasChanged == false)
            {
                // What failed was an earlier look, and the publisher names the verified manifest. A publisher that does not answer ends no
                // failure, and neither does this look end one that came up meanwhile.
                _ = Interlocked.CompareExchange(ref _failure, null, before);
            }
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            Volatile.Write(ref _failure, exception);

            // A caller is told when it needs what could not be renewed. Anything may come out of the user's own callback.
            if (exception is not PrivatemodeVerificationException && !_lifetime.IsCancellationRequested)
            {
                events.RenewalFailed(exception, GetUsable(rejected: null)?.Validity.Until);
            }
        }
        finally
        {
            _ = Interlocked.Exchange(ref _renewing, 0);
        }
    }
}

/// <summary>A mesh CA that may be trusted, and why.</summary>
/// <param name="SecretService">How the secret service is named in it.</param>
/// <param name="Validity">How long that counts.</param>
internal sealed record VerifiedMesh(
    MeshCertificateAuthority Authority, SecretServiceNames SecretService, VerifiedDeployment Deployment, ValidityPeriod Validity);

/// <summary>What is known about the deployment now.</summary>
/// <param name="Deployment">The verdict that counts; null when there is none.</param>
/// <param name="Failure">Why the last verification or renewal failed; null when it did not.</param>
internal readonly record struct DeploymentHealth(VerifiedDeployment? Deployment, Exception? Failure);

/// <summary>A verification that failed for one caller, and for all who waited for its end.</summary>
internal static class SharedExceptions
{
    /// <summary>Whether the failure says nothing about the caller that met it, neither about its API key nor that it cancelled.</summary>
    public static bool IsShareable(Exception exception) => exception switch
    {
        OperationCanceledException => false,
        _ when UserCallback.Threw(exception) => true,
        PrivatemodeServiceException service => !service.IsApiKeyError,
        PrivatemodeConfigurationException configuration => !configuration.IsApiKeyError,
        PrivatemodeVerificationException => true,
        _ => false,
    };

    /// <summary>Throws the same failure once more, for one of those who waited.</summary>
    public static void ThrowCopy(Exception failure)
    {
        switch (failure)
        {
            case not null when UserCallback.Threw(failure):
                // The application's own, whatever its type: it is rethrown unchanged.
                ExceptionDispatchInfo.Throw(failure);
                break;
            case PrivatemodeServiceException service:
                throw service.CopyForOtherCaller();
            case PrivatemodeConfigurationException configuration:
                throw new PrivatemodeConfigurationException(configuration.Setting, configuration.Message, configuration);
            case PrivatemodeVerificationException verification:
                throw verification.Copy();
            default:
                throw new InvalidOperationException("An exception of this kind is not shared.", failure);
        }
    }
}
