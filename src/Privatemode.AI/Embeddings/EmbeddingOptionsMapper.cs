using Microsoft.Extensions.AI;
using Privatemode.AI.Internal;
using OpenAIOptions = OpenAI.Embeddings.EmbeddingGenerationOptions;

namespace Privatemode.AI.Embeddings;

/// <summary>Maps <see cref="EmbeddingGenerationOptions"/> to the options of the OpenAI client.</summary>
internal static class EmbeddingOptionsMapper
{
    private static readonly AdditionalPropertyWriter Members = new(
        "EmbeddingGenerationOptions.AdditionalProperties", new HashSet<string> { "input", "model", "encoding_format", "dimensions" });

    /// <summary>Returns the options that concern the whole call.</summary>
    public static TextEmbeddingOptions Settings(EmbeddingGenerationOptions? options) =>
        options as TextEmbeddingOptions ?? new TextEmbeddingOptions();

    /// <summary>Returns the options for each of several requests. The OpenAI client changes them, so requests must not share an object.</summary>
    /// <exception cref="PrivatemodeRequestException">An additional property has a name or value that is not allowed, or the caller's factory returned the same
    /// object twice.</exception>
    public static List<OpenAIOptions> ToOpenAI(IEmbeddingGenerator generator, EmbeddingGenerationOptions? options, int? defaultDimensions, int count)
    {
        List<OpenAIOptions> results = new(count);

        // Without a factory, each object is new anyway.
        HashSet<OpenAIOptions>? given = options?.RawRepresentationFactory is null ? null : new(count, ReferenceEqualityComparer.Instance);
        for (int i = 0; i < count; i++)
        {
            OpenAIOptions result = options?.RawRepresentationFactory?.Invoke(generator) as OpenAIOptions ?? new OpenAIOptions();
            if (given?.Add(result) == false)
            {
                throw SameObjectTwice();
            }

            Complete(result, options, defaultDimensions);
            results.Add(result);
        }

        return results;
    }

    /// <summary>Returns options for several concurrent calls of any generator. The caller's factory must return a different object for each call.</summary>
    public static EmbeddingGenerationOptions? ForSeveralCalls(EmbeddingGenerationOptions? options)
    {
        if (options?.RawRepresentationFactory is not { } factory)
        {
            return options;
        }

        HashSet<object> given = new(ReferenceEqualityComparer.Instance);
        EmbeddingGenerationOptions own = options.Clone();
        own.RawRepresentationFactory = generator =>
        {
            object? made = factory(generator);
            lock (given)
            {
                return made is not null && !given.Add(made) ? throw SameObjectTwice() : made;
            }
        };
        return own;
    }

    private static PrivatemodeRequestException SameObjectTwice() => new(
        "EmbeddingGenerationOptions.RawRepresentationFactory",
        "The factory returned the same object twice, but each request of a call needs its own. Return a new object each time.");

    private static void Complete(OpenAIOptions result, EmbeddingGenerationOptions? options, int? defaultDimensions)
    {
        result.Dimensions ??= options?.Dimensions ?? defaultDimensions;
        if (options?.ModelId is { Length: > 0 } model && !result.Patch.Contains("$.model"u8))
        {
            result.Patch.Set("$.model"u8, ModelIds.Validate("EmbeddingGenerationOptions.ModelId", model));
        }

        foreach ((string name, object? value) in options?.AdditionalProperties ?? [])
        {
            byte[] path = AdditionalPropertyWriter.PathOf(name);
            Members.ThrowIfNotFree(name, (name == "user" && result.EndUserId is not null) || result.Patch.Contains(path));
            result.Patch.Set(path, Members.ToJson(name, value));
        }
    }
}
