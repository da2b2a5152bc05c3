using Privatemode.AI.Encryption;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Responses;

namespace Privatemode.AI.Pipeline.Calls;

/// <summary>Reads the plaintext of a call once for all its attempts, checks it and completes it. Used for the service and for a local proxy.</summary>
/// <param name="responses">Translates bodies of <c>/v1/responses</c>, which the service does not have.</param>
/// <param name="verify">Called before this process fetches an image: addresses are content too, so they are used only for a verified
/// deployment. Null if nothing is verified.</param>
internal sealed class CallPreparation(
    RequestEncryptor encryptor, RemoteMediaResolver media, ResponsesTranslator responses, Func<string, bool, CancellationToken, ValueTask>? verify = null)
{
    private const int AdditionalCapacity = 1024;

    /// <exception cref="PrivatemodeWouldLeakException">The call cannot be encrypted, or it is ambiguous.</exception>
    /// <exception cref="PrivatemodeRequestException">The service would refuse the call.</exception>
    public async ValueTask<EncryptedCall> PrepareAsync(ICallSource source, string apiKey, bool async)
    {
        EndpointRule rule = encryptor.Match(source.Method, source.Address, source.Headers);
        if (!rule.IsEncrypted)
        {
            return source.HasBody
                ? throw new PrivatemodeWouldLeakException(
                    "unexpected-body", $"The endpoint {rule.Path} does not take a body, which would be sent in the clear. Remove the body.")
                : encryptor.PrepareWithoutBody(rule);
        }

        PooledBytes bytes = await SnapshotAsync(source, rule.PlaintextLimit, async).ConfigureAwait(false);
        if (rule.SentAs is not { } sentAs)
        {
            return await PrepareAsync(rule, bytes, source.ContentType, source, apiKey, async).ConfigureAwait(false);
        }

        (bytes, CallTranslation translation) = responses.Translate(bytes, Caller(source, apiKey));
        EncryptedCall call;
        try
        {
            call = await PrepareAsync(sentAs, bytes, "application/json", source, apiKey, async, translation).ConfigureAwait(false);
        }
        catch
        {
            translation.Dispose();
            throw;
        }

        responses.LogLosses(translation, call.RequestId);
        return call;
    }

    /// <summary>Creates a buffer for a plaintext of this length with room for additions (a salt, a form field). Without the room, a large body would
    /// be copied to a buffer of twice its length.</summary>
    internal static PooledBytes NewSnapshot(long length) => new((int)(length + AdditionalCapacity));

    private static ResponsesCaller Caller(ICallSource source, string apiKey) => new(apiKey)
    {
        Name = source.Caller,
        AnsweredModel = source.AnsweredModel,
        Progress = source.Progress,
    };

    /// <summary>Checks and completes a plaintext. Takes ownership of it, even if it throws.</summary>
    private async ValueTask<EncryptedCall> PrepareAsync(
        EndpointRule rule, PooledBytes bytes, string? contentType, ICallSource source, string apiKey, bool async, CallTranslation? translation = null)
    {
        RequestBody body = RequestEncryptor.Read(rule, bytes, contentType);
        try
        {
            if (body is JsonRequestBody json)
            {
                if (media.FetchesHere && verify is not null)
                {
                    await verify(apiKey, async, source.CancellationToken).ConfigureAwait(false);
                }

                await media.ResolveAsync(rule, json, async, source.CancellationToken).ConfigureAwait(false);
            }
        }
        catch
        {
            body.Dispose();
            throw;
        }

        EncryptedCall call = encryptor.Prepare(rule, body, apiKey, translation, source.CacheKey ?? translation?.CacheKey, source.Caller);
        call.Members = source.WantsReceipt ? body.Names(rule.RequestClearNames!) : null;
        return call;
    }

    /// <summary>Reads the body once: it may be a stream that cannot be read again.</summary>
    private static async ValueTask<PooledBytes> SnapshotAsync(ICallSource source, int limit, bool async)
    {
        long length = source.BodyLength ?? 0;
        PooledWriteStream.ThrowIfTooLong(length, limit);
        PooledBytes body = NewSnapshot(length);
        try
        {
            if (source.HasBody)
            {
                using PooledWriteStream writer = new(body, limit);
                await source.WriteBodyAsync(writer, async).ConfigureAwait(false);
            }

            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }
}
