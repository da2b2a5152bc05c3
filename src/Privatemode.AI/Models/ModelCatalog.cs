using Privatemode.AI.Internal;
using Privatemode.AI.Models;
using Privatemode.AI.Pipeline.Calls;
using Privatemode.AI.Receipts;

namespace Privatemode.AI;

/// <summary>Represents the models that the service offers, and reports changes.</summary>
/// <remarks>
/// <para>The list is sent in the clear and is not authenticated: an attacker between you and the service can change it. Use it to choose what to
/// offer to users. Do not base security decisions on it.</para>
/// <para>The list is cached for 10 minutes, because an ID can be assigned to another model at any time. With
/// <see cref="PrivatemodeOptions.ApiKeyAccessor"/> there is one list for each API key, for the last
/// <see cref="PrivatemodeOptions.MaxSessions"/> keys that were used.</para>
/// <para>The catalog is thread-safe. To replace it in tests, derive from this class and override its members. A derived class never sends anything.</para>
/// </remarks>
public class ModelCatalog
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    // For a model that is not listed, the list is requested again, but not for each of many such calls.
    private static readonly TimeSpan LifetimeOfAbsence = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan MaxExplanationWait = TimeSpan.FromSeconds(5);

    private readonly ModelLists? _lists;
    private readonly TimeProvider _time = TimeProvider.System;
    private EventHandler<ModelsChangedEventArgs>? _changed;

    /// <summary>Initializes a new instance of the <see cref="ModelCatalog"/> class for mocking.</summary>
    /// <remarks>Methods that the derived class does not override throw a <see cref="NotSupportedException"/>. <see cref="OnChanged"/> raises
    /// <see cref="Changed"/>.</remarks>
    protected ModelCatalog()
    {
    }

    internal ModelCatalog(
        ApiKeys apiKeys, int mostKeys, Func<string?, Task<IReadOnlyList<ModelInfo>>> download, TimeProvider time)
    {
        _lists = new ModelLists(apiKeys, mostKeys, download, time, RaiseChanged);
        _time = time;
    }

    /// <summary>Occurs when the models in a retrieved list are not those of the previous list: models were added or removed.</summary>
    /// <remarks>
    /// <para>Models are compared by their IDs; a change of tasks raises no event. The first list raises no event either. The service is not polled:
    /// the list is requested if <see cref="ListAsync"/> or <see cref="FindAsync"/> is called and the cached list is too old, if <see cref="RefreshAsync"/> is
    /// called, and if a call names a model that is not offered.</para>
    /// <para>Handlers are called one after the other, before the request for the list completes, so they should return quickly. Exceptions of handlers are
    /// ignored, because they are unrelated to the call that requested the list.</para>
    /// <para>With <see cref="PrivatemodeOptions.ApiKeyAccessor"/>, lists for the same API key are compared, but the event does not say for which key.
    /// Handlers do not run in the context of a caller.</para>
    /// </remarks>
    public virtual event EventHandler<ModelsChangedEventArgs>? Changed
    {
        add => Update(value, isAdded: true);
        remove => Update(value, isAdded: false);
    }

    /// <summary>Returns the models that the service offers, in the order of the service.</summary>
    /// <param name="cancellationToken">A token that cancels the wait. Other callers that wait for the same request still get its result.</param>
    /// <returns>The list. It is at most 10 minutes old.</returns>
    /// <exception cref="PrivatemodeConfigurationException">No API key is set, the service rejected it, or the manifest log cannot be used.</exception>
    /// <exception cref="PrivatemodeServiceException">The list could not be retrieved, or it has more than 1,000 models.</exception>
    /// <exception cref="PrivatemodeIntegrityException">The connection was closed before the list was complete.</exception>
    /// <exception cref="PrivatemodeVerificationException">The deployment could not be verified. The list was not requested.</exception>
    /// <exception cref="ObjectDisposedException">The <see cref="PrivatemodeClient"/> was disposed, and there is no recent list.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was canceled.</exception>
    public virtual async Task<IReadOnlyList<ModelInfo>> ListAsync(CancellationToken cancellationToken = default)
    {
        (ModelListCache list, string? apiKey) = await OfCallerAsync(nameof(ListAsync), cancellationToken).ConfigureAwait(false);
        return await list.GetAsync(apiKey, Lifetime, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Requests the model list from the service, even if the cached list is recent.</summary>
    /// <param name="cancellationToken">A token that cancels the wait. Other callers that wait for the same request still get its result.</param>
    /// <returns>The list from this request, or from a request that was already in progress.</returns>
    /// <exception cref="PrivatemodeConfigurationException">No API key is set, the service rejected it, or the manifest log cannot be used.</exception>
    /// <exception cref="PrivatemodeServiceException">The list could not be retrieved, or it has more than 1,000 models.</exception>
    /// <exception cref="PrivatemodeIntegrityException">The connection was closed before the list was complete.</exception>
    /// <exception cref="PrivatemodeVerificationException">The deployment could not be verified. The list was not requested.</exception>
    /// <exception cref="ObjectDisposedException">The <see cref="PrivatemodeClient"/> was disposed.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was canceled.</exception>
    public virtual async Task<IReadOnlyList<ModelInfo>> RefreshAsync(CancellationToken cancellationToken = default)
    {
        (ModelListCache list, string? apiKey) = await OfCallerAsync(nameof(RefreshAsync), cancellationToken).ConfigureAwait(false);
        return await list.GetAsync(apiKey, TimeSpan.Zero, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Finds the model that is currently offered under an ID.</summary>
    /// <param name="id">The ID, exactly as it is listed.</param>
    /// <param name="cancellationToken">A token that cancels the wait. Other callers that wait for the same request still get its result.</param>
    /// <returns>The model, or <see langword="null"/> if no model is offered under this ID.</returns>
    /// <remarks>If the cached list does not contain the ID, the list is requested again, at most once a minute.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="id"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="id"/> is empty.</exception>
    /// <exception cref="PrivatemodeConfigurationException">No API key is set, the service rejected it, or the manifest log cannot be used.</exception>
    /// <exception cref="PrivatemodeServiceException">The list could not be retrieved, or it has more than 1,000 models.</exception>
    /// <exception cref="PrivatemodeIntegrityException">The connection was closed before the list was complete.</exception>
    /// <exception cref="PrivatemodeVerificationException">The deployment could not be verified. The list was not requested.</exception>
    /// <exception cref="ObjectDisposedException">The <see cref="PrivatemodeClient"/> was disposed, and there is no recent list.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was canceled.</exception>
    public virtual async Task<ModelInfo?> FindAsync(string id, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        (ModelListCache list, string? apiKey) = await OfCallerAsync(nameof(FindAsync), cancellationToken).ConfigureAwait(false);
        return Find(await list.GetAsync(apiKey, Lifetime, cancellationToken).ConfigureAwait(false), id)
            ?? Find(await list.GetAsync(apiKey, LifetimeOfAbsence, cancellationToken).ConfigureAwait(false), id);
    }

    /// <summary>Raises the <see cref="Changed"/> event. Exceptions of handlers are ignored.</summary>
    /// <param name="e">The models that were added and removed.</param>
    /// <exception cref="ArgumentNullException"><paramref name="e"/> is <see langword="null"/>.</exception>
    protected virtual void OnChanged(ModelsChangedEventArgs e)
    {
        ArgumentNullException.ThrowIfNull(e);
        foreach (EventHandler<ModelsChangedEventArgs> handler in Delegate.EnumerateInvocationList(Volatile.Read(ref _changed)))
        {
            try
            {
                handler(this, e);
            }
            catch (Exception)
            {
                // See Changed.
            }
        }
    }

    /// <summary>Returns the exception to throw: for a model that is not offered, one with the offered models; otherwise the original one.</summary>
    /// <param name="exception">The original exception.</param>
    /// <param name="task">The requested task, as the list names it, or null.</param>
    /// <param name="cancellationToken">Ends the wait for the list.</param>
    /// <remarks>Best effort, and never longer than 5 seconds: even if the list cannot be retrieved, the exception says that the model is unavailable.</remarks>
    internal async Task<Exception> ExplainAsync(Exception exception, string? task, CancellationToken cancellationToken)
    {
        if (exception is not PrivatemodeServiceException { Reason: ServiceFailureReason.ModelUnavailable } original)
        {
            return exception;
        }

        ModelListCache? list = null;
        IReadOnlyList<ModelInfo> models;
        try
        {
            using CallDeadline deadline = new(MaxExplanationWait, _time, async: true, cancellationToken);
            (list, string? apiKey) = await OfCallerAsync(nameof(ListAsync), deadline.Token).ConfigureAwait(false);
            models = await list.GetAsync(apiKey, LifetimeOfAbsence, deadline.Token).ConfigureAwait(false);
        }
        catch (Exception)
        {
            models = list?.Last ?? [];
        }

        string[] able = task is null ? []
            : [.. models.Where(model => model.Tasks.Contains(task, StringComparer.Ordinal)).Select(model => model.Id)];
        return able.Length > 0
            ? PrivatemodeModelUnavailableException.From(original, able, task)
            : PrivatemodeModelUnavailableException.From(original, [.. models.Select(model => model.Id)]);
    }

    /// <summary>Returns the caller's list. It is read outside of the caller's context, so whether the caller may wait for it is checked here.</summary>
    private ValueTask<(ModelListCache List, string? ApiKey)> OfCallerAsync(string member, CancellationToken cancellationToken)
    {
        ModelLists lists = _lists ?? throw ClientMembers.IsNotOverridden(this, member);
        ReceiptScope.ThrowIfInsideCallback();
        return lists.OfCallerAsync(cancellationToken);
    }

    private static ModelInfo? Find(IReadOnlyList<ModelInfo> models, string id) => models.FirstOrDefault(model => model.Id == id);

    private void RaiseChanged(IReadOnlyList<ModelInfo> before, IReadOnlyList<ModelInfo> now)
    {
        List<ModelInfo> added = [.. now.ExceptBy(before.Select(model => model.Id), model => model.Id, StringComparer.Ordinal)];
        List<ModelInfo> removed = [.. before.ExceptBy(now.Select(model => model.Id), model => model.Id, StringComparer.Ordinal)];
        if (added.Count + removed.Count > 0)
        {
            OnChanged(new ModelsChangedEventArgs { Added = added, Removed = removed, Models = now });
        }
    }

    // A virtual event cannot be a field. This is the code that the compiler generates for one.
    private void Update(EventHandler<ModelsChangedEventArgs>? handler, bool isAdded)
    {
        EventHandler<ModelsChangedEventArgs>? current;
        Delegate? changed;
        do
        {
            current = Volatile.Read(ref _changed);
            changed = isAdded ? Delegate.Combine(current, handler) : Delegate.Remove(current, handler);
        }
        while (Interlocked.CompareExchange(ref _changed, (EventHandler<ModelsChangedEventArgs>?)changed, current) != current);
    }
}

/// <summary>Provides data for the <see cref="ModelCatalog.Changed"/> event.</summary>
public sealed class ModelsChangedEventArgs : EventArgs
{
    /// <summary>Gets the models that are listed now and were not listed before.</summary>
    public IReadOnlyList<ModelInfo> Added { get; init; } = [];

    /// <summary>Gets the models that were listed before and are not listed now, as they were listed.</summary>
    public IReadOnlyList<ModelInfo> Removed { get; init; } = [];

    /// <summary>Gets the complete new list.</summary>
    public required IReadOnlyList<ModelInfo> Models { get; init; }
}
