using System.Text.Json;
using Privatemode.AI.AspNetCore.Internal;
using Privatemode.AI.AspNetCore.Models;

namespace Privatemode.AI.AspNetCore.Dialects;

/// <summary>Edits the bodies of requests of the Responses API. The library translates and checks all else.</summary>
internal static class ResponsesEdit
{
    /// <summary>Writes the request for the library, if anything has to be changed.</summary>
    /// <param name="body">The caller's request.</param>
    /// <param name="context">What the proxy was told to do, and who calls.</param>
    /// <param name="target">Gets the edited request.</param>
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

    /// <summary>The library takes the key of the body before that of the call, and knows of no callers: theirs must differ.</summary>
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
