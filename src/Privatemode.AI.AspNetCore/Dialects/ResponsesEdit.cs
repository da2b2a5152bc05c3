using System.Text.Json;
using Privatemode.AI.AspNetCore.Internal;
using Privatemode.AI.AspNetCore.Models;

namespace Privatemode.AI.AspNetCore.Dialects;

/// <summary>Edits the bodies of requests of the Responses API. The library does all other checks and the translation.</summary>
internal static class ResponsesEdit
{
    /// <summary>Writes the request for the library, if anything has to be changed.</summary>
    /// <param name="body">The caller's request.</param>
    /// <param name="context">The settings of the proxy, and the caller.</param>
    /// <param name="target">The buffer that receives the edited request.</param>
    /// <exception cref="PrivatemodeRequestException">The body is not JSON, or has no model.</exception>
    public static EditResult Edit(ReadOnlyMemory<byte> body, EditContext context, PooledBuffer target)
    {
        BodyEditor editor = BodyEditor.Read(body);
        string asked = ModelNames.Require(editor.Short("model"));
        string model = ChatEdit.ReplaceModel(editor, context, asked, ModelTask.Chat);
        string? session = editor.Short("prompt_cache_key");
        string? cacheKey = CallerSession.KeyOf(context, session);
        if (editor.Kind("prompt_cache_key") == JsonTokenType.String)
        {
            ReplaceCacheKey(editor, CallerSession.Bind(context.Caller, session));
        }

        if (context.Options.IgnoreCallerCacheSalt)
        {
            editor.Remove("cache_salt");
        }

        return ChatEdit.Write(editor, body, target) with { RequestedModel = asked, Model = model, CacheKey = cacheKey };
    }

    /// <summary>Replaces the cache key in the body, which the library prefers to that of the call. The library does not know the callers of the proxy, so the
    /// keys of different callers must differ.</summary>
    private static void ReplaceCacheKey(BodyEditor editor, string? key)
    {
        if (key is null)
        {
            editor.Remove("prompt_cache_key");
        }
        else
        {
            editor.Replace("prompt_cache_key", JsonSerializer.SerializeToUtf8Bytes(key, ProxyJson.Default.String));
        }
    }
}
