using System.Runtime.ExceptionServices;
using Privatemode.AI.Diagnostics;
using Privatemode.AI.Internal;
using Privatemode.AI.KeyExchange;
using Privatemode.AI.Receipts;

namespace Privatemode.AI.Verification;

/// <summary>Caches the last verification of the deployment while it is valid, and renews it in the background before it expires.</summary>
internal sealed class DeploymentVerifier(
    AttestationRun attestation, ManifestPolicyEvaluator manifests, ClientEvents events, TimeProvider time,
    Func<VerifiedDeployment, CancellationToken, ValueTask>? onVerified) : IDisposable
{
    // Secrets are exchanged at least every 45 minutes while the client is in use, so that a call arrives in the last 90 minutes.
    private static readonly TimeSpan RenewalLead = TimeSpan.FromMinutes(90);
    private static readonly TimeSpan ManifestInterval = TimeSpan.FromMinutes(5);

    // A failure there is not reported; a caller that needs the result tries again.
    private const string BackgroundTrigger = "renewal";

    private readonly SemaphoreSlim _gate = new(1);
    private readonly CancellationTokenSource _lifetime = new();
    private VerifiedMesh? _current;
    private ValidityPeriod? _publisherCheck; // how long the last answer of the publisher is current
    private int _renewing;
    private Exception? _failure;
    private long _failedAt; // a timestamp
    private Exception? _shared; // the failure for all callers that waited for a verification; null since one succeeded
    private ProvedDeployment? _proved; // the last one that proved itself, even if a callback failed after that

    /// <summary>Called when the trusted mesh CA or manifest has changed, or when none is trusted any more.</summary>
    public Action Changed { get; set; } = () => { };

    /// <summary>The current state of the deployment. Reading it sends nothing.</summary>
    public DeploymentHealth Health
    {
        get
        {
            // Read the failure first: a verification that succeeds in between clears it, and the old one without its failure would look valid.
            Exception? failure = Volatile.Read(ref _failure);
            TimeSpan age = time.GetElapsedTime(Volatile.Read(ref _failedAt));
            return new DeploymentHealth(GetUsable(rejected: null)?.Deployment, failure, age);
        }
    }

    /// <summary>The background renewal in progress, for tests.</summary>
    internal Task Renewal { get; private set; } = Task.CompletedTask;

    /// <summary>Returns the mesh that is currently trusted, and verifies the deployment if necessary.</summary>
    /// <param name="rejected">The mesh that was returned before and did not work; null the first time.</param>
    /// <exception cref="PrivatemodeVerificationException">The verification failed.</exception>
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

    /// <summary>Verifies again, even if the current verification is valid.</summary>
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

    /// <summary>Returns whether this deployment, or the same one after another verification, is currently trusted.</summary>
    /// <remarks>Each call uses this method. Reading the remaining time of the current verification makes it count the time for which the machine slept,
    /// even if no secret uses that verification yet.</remarks>
    public bool IsTrusted(VerifiedDeployment deployment)
    {
        VerifiedMesh? current = Volatile.Read(ref _current);
        _ = current?.Validity.IsOver(time);
        return current is not null && IsSame(current.Deployment, deployment);
    }

    /// <summary>Returns whether another deployment has proved itself since, even if a callback failed after that.</summary>
    public bool HasProvedOther(VerifiedDeployment before) => Volatile.Read(ref _proved) is { } proved
        && (proved.ManifestSha256 != before.ManifestSha256 || (proved.MeshCaSha256 is { } authority && authority != before.MeshCaSha256));

    public void Dispose() => _lifetime.Cancel();

    /// <summary>Whether both have the same mesh CA and manifest. Another manifest means other code, even if the coordinator kept its CA.</summary>
    internal static bool IsSame(VerifiedDeployment before, VerifiedDeployment now) =>
        before.MeshCaSha256 == now.MeshCaSha256 && before.ManifestSha256 == now.ManifestSha256;

    private VerifiedMesh? GetUsable(VerifiedMesh? rejected)
    {
        VerifiedMesh? mesh = Volatile.Read(ref _current);
        return mesh is not null && mesh != rejected && !mesh.Validity.IsOver(time) && !manifests.IsClosed ? mesh : null;
    }

    /// <summary>Runs one verification at a time. A failure applies to all callers that were waiting then; later ones try again.</summary>
    private async ValueTask<VerifiedMesh> RunExclusiveAsync(
        Func<VerifiedMesh?> known, Func<ValueTask<VerifiedMesh>> find, bool async, CancellationToken cancellationToken)
    {
        ReceiptScope.ThrowIfInsideCallback();
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

            // If each of many callers tried again in turn, the last would wait forever.
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
            if (exception is PrivatemodeVerificationException failure && !UserCallback.Threw(exception))
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
            Volatile.Write(ref _proved, new ProvedDeployment(mesh.Deployment.ManifestSha256, mesh.Deployment.MeshCaSha256));
            await CallOnVerifiedAsync(mesh.Deployment, async, cancellationToken).ConfigureAwait(false);
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
        catch (Exception exception) when (UserCallback.Threw(exception))
        {
            // Whatever its type is, it says nothing about the deployment.
            if (!cancellationToken.IsCancellationRequested)
            {
                SetFailure(exception);
            }

            throw;
        }
        catch (PrivatemodeVerificationException exception)
        {
            SetFailure(exception);

            // The earlier verification is no longer true, or not about the deployment that answers now.
            Volatile.Write(ref _current, null);
            Changed();
            throw;
        }
    }

    private void SetFailure(Exception failure)
    {
        Volatile.Write(ref _failedAt, time.GetTimestamp());
        Volatile.Write(ref _failure, failure);
    }

    /// <summary>Calls the user's callback. If it throws, the verification is not used.</summary>
    private async ValueTask CallOnVerifiedAsync(VerifiedDeployment deployment, bool async, CancellationToken cancellationToken)
    {
        if (onVerified is null)
        {
            return;
        }

        ReceiptScope.BeginOnVerified();
        ValueTask<bool> call = UserCallback.InvokeAsync(
            async stop =>
            {
                await onVerified(deployment, stop).ConfigureAwait(false);
                return true;
            },
            cancellationToken);
        _ = async ? await call.ConfigureAwait(false) : call.AsTask().GetAwaiter().GetResult();
    }

    /// <summary>Invalidates the current verification if the deployment has proved another manifest, regardless of the user's decision about that
    /// manifest.</summary>
    private void InvalidateOther(string manifestSha256)
    {
        Volatile.Write(ref _proved, new ProvedDeployment(manifestSha256, null));
        if (_current is { } current && current.Deployment.ManifestSha256 != manifestSha256)
        {
            Volatile.Write(ref _current, null);
            Changed();
        }
    }

    private void RenewInBackground(VerifiedMesh mesh, string apiKey)
    {
        ValidityPeriod validity = mesh.Validity;
        TimeSpan lead = (validity.Until - validity.From) / 4;
        bool isDue = validity.Left(time) <= (lead < RenewalLead ? lead : RenewalLead);
        bool mayHaveChanged = manifests.FollowsThePublisher && _publisherCheck?.IsOver(time) != false;
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
                // An earlier check failed, and the publisher names the verified manifest. If the publisher does not answer, the failure
                // stays, and a failure that occurred meanwhile stays too.
                _ = Interlocked.CompareExchange(ref _failure, null, before);
            }
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            SetFailure(exception);

            // A caller gets the failure when it needs the verification. The user's own callback can throw anything.
            if ((exception is not PrivatemodeVerificationException || UserCallback.Threw(exception)) && !_lifetime.IsCancellationRequested)
            {
                events.RenewalFailed(exception, GetUsable(rejected: null)?.Validity.Until);
            }
        }
        finally
        {
            _ = Interlocked.Exchange(ref _renewing, 0);
        }
    }

    /// <param name="MeshCaSha256">Null until the user has decided about the manifest.</param>
    private sealed record ProvedDeployment(string ManifestSha256, string? MeshCaSha256);
}

/// <summary>A mesh CA that can be trusted, and the report about its verification.</summary>
/// <param name="SecretService">The names of the secret service.</param>
/// <param name="Validity">The validity period of the verification.</param>
internal sealed record VerifiedMesh(
    MeshCertificateAuthority Authority, SecretServiceNames SecretService, VerifiedDeployment Deployment, ValidityPeriod Validity);

/// <summary>The current state of the deployment.</summary>
/// <param name="Deployment">The valid verification, or null.</param>
/// <param name="Failure">The reason why the last verification or renewal failed; null if it succeeded.</param>
/// <param name="FailureAge">How long ago the failure was; meaningless without one.</param>
internal readonly record struct DeploymentHealth(VerifiedDeployment? Deployment, Exception? Failure, TimeSpan FailureAge);

/// <summary>Handles a failed verification for all callers that waited for its end.</summary>
internal static class SharedExceptions
{
    /// <summary>Whether the failure does not depend on the caller: neither on its API key nor on its cancellation.</summary>
    public static bool IsShareable(Exception exception) => exception switch
    {
        OperationCanceledException => false,
        _ when UserCallback.Threw(exception) => true,
        PrivatemodeServiceException service => !service.IsApiKeyError,
        PrivatemodeConfigurationException configuration => !configuration.IsApiKeyError,
        PrivatemodeVerificationException => true,
        _ => false,
    };

    /// <summary>Throws the same failure again, for one of the waiting callers.</summary>
    public static void ThrowCopy(Exception failure)
    {
        switch (failure)
        {
            case not null when UserCallback.Threw(failure):
                // An exception of the application, of any type: it is rethrown unchanged.
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
