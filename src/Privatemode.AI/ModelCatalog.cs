using Privatemode.AI.Models;
using Privatemode.AI.Pipeline;
using Privatemode.AI.Sessions;

namespace Privatemode.AI;

/// <summary>The models the service offers: what they do, under which ids, and when that changes.</summary>
/// <remarks>
/// The list travels in the clear and is not authenticated: whoever sits between you and the service can write it. Choose by it what to offer to
/// users; nothing security-relevant may follow from it. It is kept for 10 minutes, because ids can move to another model at any time; with
/// <see cref="PrivatemodeOptions.ApiKeyAccessor"/> one for each API key, of the <see cref="PrivatemodeOptions.MaxSessions"/> used last. A list of
/// more than 1,000 models is refused. Thread-safe.
/// </remarks>
public sealed class ModelCatalog
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    // Somebody asks for what is not listed: look again, but not for each of a thousand calls.
    private static readonly TimeSpan LifetimeOfAbsence = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestExplanation = TimeSpan.FromSeconds(5);

    private readonly ModelLists _lists;
    private readonly TimeProvider _time;

    internal ModelCatalog(
        ApiKeys apiKeys, int mostKeys, Func<string?, Task<IReadOnlyList<ModelInfo>>> download, TimeProvider time)
    {
        _lists = new ModelLists(apiKeys, mostKeys, download, time, Tell);
        _time = time;
    }

    /// <summary>
    /// Raised when a reading of the list differs from the one before: models appeared or are gone. The first reading raises nothing.
    /// </summary>
    /// <remarks>
    /// The service is not polled: the list is requested when <see cref="ListAsync"/> or <see cref="FindAsync"/> find it
    /// too old, and when a call names a model that is not offered. Handlers run one after the other before the reading ends, so return quickly. What a handler
    /// throws is dropped: a call that happened to read the list has nothing to do with it. With <see cref="PrivatemodeOptions.ApiKeyAccessor"/>
    /// readings for the same API key are compared, and which key it was is not told: handlers run in no caller's context.
    /// </remarks>
    public event EventHandler<ModelsChangedEventArgs>? Changed;

    /// <summary>The models offered, in the service's order.</summary>
    /// <param name="cancellationToken">A token that cancels the wait; other callers that wait for the same request still get its result.</param>
    /// <returns>The list, at most 10 minutes old.</returns>
    /// <exception cref="PrivatemodeConfigurationException">The service rejects the API key.</exception>
    /// <exception cref="PrivatemodeServiceException">The list could not be had.</exception>
    /// <exception cref="PrivatemodeIntegrityException">The connection broke in the middle of the list.</exception>
    /// <exception cref="PrivatemodeVerificationException">The deployment did not prove itself; not even the list is asked of it.</exception>
    /// <exception cref="ObjectDisposedException">The <see cref="PrivatemodeClient"/> is disposed of, and no list young enough is kept.</exception>
    public async Task<IReadOnlyList<ModelInfo>> ListAsync(CancellationToken cancellationToken = default)
    {
        (ModelListCache list, string? apiKey) = await OfCallerAsync(cancellationToken).ConfigureAwait(false);
        return await list.GetAsync(apiKey, Lifetime, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Requests the list of models from the service, even if the one that is kept is recent.</summary>
    /// <param name="cancellationToken">A token that cancels the wait; other callers that wait for the same request still get its result.</param>
    /// <returns>The list as it is now.</returns>
    /// <inheritdoc cref="ListAsync"/>
    public async Task<IReadOnlyList<ModelInfo>> RefreshAsync(CancellationToken cancellationToken = default)
    {
        (ModelListCache list, string? apiKey) = await OfCallerAsync(cancellationToken).ConfigureAwait(false);
        return await list.GetAsync(apiKey, TimeSpan.Zero, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The model that is offered under an id now. A model that is not in the kept list is looked for anew, once a minute at most.</summary>
    /// <param name="id">The id, exactly as it is listed.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The model; null when none is offered under this id.</returns>
    /// <exception cref="ArgumentException">The id is null or empty.</exception>
    /// <exception cref="PrivatemodeConfigurationException">The service rejects the API key.</exception>
    /// <exception cref="PrivatemodeServiceException">The list could not be had.</exception>
    /// <exception cref="PrivatemodeIntegrityException">The connection broke in the middle of the list.</exception>
    /// <exception cref="PrivatemodeVerificationException">The deployment did not prove itself; not even the list is asked of it.</exception>
    /// <exception cref="ObjectDisposedException">The <see cref="PrivatemodeClient"/> is disposed of, and no list young enough is kept.</exception>
    public async Task<ModelInfo?> FindAsync(string id, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        (ModelListCache list, string? apiKey) = await OfCallerAsync(cancellationToken).ConfigureAwait(false);
        return Find(await list.GetAsync(apiKey, Lifetime, cancellationToken).ConfigureAwait(false), id)
            ?? Find(await list.GetAsync(apiKey, LifetimeOfAbsence, cancellationToken).ConfigureAwait(false), id);
    }

    /// <summary>The exception to throw for one that says that a model is not offered: with what is. Any other comes back as it is.</summary>
    /// <param name="exception">What was thrown.</param>
    /// <param name="task">The task that was asked for, as the list names it; null when there is none.</param>
    /// <param name="cancellationToken">Ends the wait for the list.</param>
    /// <remarks>Best effort, and never longer than 5 seconds: whatever goes wrong with the list, the caller learns of the model.</remarks>
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
            using CancellationTokenSource late = new(LongestExplanation, _time);
            using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
            (list, string? apiKey) = await OfCallerAsync(either.Token).ConfigureAwait(false);
            models = await list.GetAsync(apiKey, LifetimeOfAbsence, either.Token).ConfigureAwait(false);
        }
        catch (Exception)
        {
            models = list?.Last ?? [];
        }

        string[] able = task is null || !ServiceErrors.IsAboutTheTask(original) ? []
            : [.. models.Where(model => model.Tasks.Contains(task, StringComparer.Ordinal)).Select(model => model.Id)];
        return able.Length > 0
            ? PrivatemodeModelUnavailableException.From(original, able, task)
            : PrivatemodeModelUnavailableException.From(original, [.. models.Select(model => model.Id)]);
    }

    /// <summary>The list is read outside of the caller's context: whether the caller may wait for it is to be seen here.</summary>
    private ValueTask<(ModelListCache List, string? ApiKey)> OfCallerAsync(CancellationToken cancellationToken)
    {
        ManifestKeeper.DemandOutside();
        return _lists.OfCallerAsync(cancellationToken);
    }

    private static ModelInfo? Find(IReadOnlyList<ModelInfo> models, string id) => models.FirstOrDefault(model => model.Id == id);

    private void Tell(IReadOnlyList<ModelInfo> before, IReadOnlyList<ModelInfo> now)
    {
        List<ModelInfo> appeared = [.. now.ExceptBy(before.Select(model => model.Id), model => model.Id, StringComparer.Ordinal)];
        List<ModelInfo> gone = [.. before.ExceptBy(now.Select(model => model.Id), model => model.Id, StringComparer.Ordinal)];
        if (appeared.Count + gone.Count == 0)
        {
            return;
        }

        ModelsChangedEventArgs change = new(appeared, gone, now);
        foreach (EventHandler<ModelsChangedEventArgs> handler in
            Delegate.EnumerateInvocationList(Changed))
        {
            try
            {
                handler(this, change);
            }
            catch (Exception)
            {
                // See Changed.
            }
        }
    }
}
