using System.ClientModel;
using System.ClientModel.Primitives;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using OpenAI.Audio;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Receipts;

namespace Privatemode.AI.Speech;

/// <summary>An <see cref="ISpeechToTextClient"/> over an OpenAI audio client. It maps types and does not depend on the layers below that client.</summary>
/// <remarks>Streams use the unary protocol method, because all streaming methods differ between versions of the OpenAI client.</remarks>
internal sealed class PrivatemodeSpeechClient : ISpeechToTextClient
{
    private const string ProviderName = "privatemode";
    private const string FileField = "file";

    // The pipeline would remove the caller's file name, so it is not passed at all.
    private const string NeutralName = "file";
    private const string NeutralType = "application/octet-stream";

    private static readonly AnswerParser Whole = new(data => TranscriptionReader.Read(data.ToMemory(), ""), () => FileField);
    private static readonly AnswerParser Events = new(data => new TranscriptionEvents("").Map(data.ToMemory().Span), () => FileField);

    private readonly AudioClient _client;
    private readonly SpeechToTextClientMetadata _metadata;
    private readonly string _modelId;
    private readonly FileLimit _limit;
    private readonly ExceptionMapper _failures;

    /// <param name="client">The client that sends the requests.</param>
    /// <param name="endpoint">The address of the service, for the metadata.</param>
    /// <param name="modelId">The model ID for calls that do not specify one.</param>
    /// <param name="largestFile">The maximum file size, in bytes.</param>
    /// <param name="failures">Maps exceptions of the client to those for callers.</param>
    public PrivatemodeSpeechClient(AudioClient client, Uri endpoint, string modelId, int largestFile, ExceptionMapper failures)
    {
        _client = client;
        _modelId = modelId;
        _metadata = new SpeechToTextClientMetadata(ProviderName, endpoint, modelId);
        _limit = new FileLimit(largestFile, "Split it, or compress it more.");
        _failures = failures;
    }

    public async Task<SpeechToTextResponse> GetTextAsync(
        Stream audioSpeechStream, SpeechToTextOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(audioSpeechStream);
        ReceiptScope scope = ReceiptScope.Begin();
        using PipelineResponse response = await SendAsync(audioSpeechStream, options, isStreamed: false, scope, cancellationToken).ConfigureAwait(false);
        try
        {
            SpeechToTextResponse result = TranscriptionReader.Read(response.Content.ToMemory(), ModelOf(options));
            result.AdditionalProperties = scope.AddTo(result.AdditionalProperties);
            return result;
        }
        catch (Exception exception) when (_failures.TryMap(exception, scope, Whole, out Exception? mapped))
        {
            throw await _failures.ExplainAsync(mapped, cancellationToken).ConfigureAwait(false);
        }
    }

    public IAsyncEnumerable<SpeechToTextResponseUpdate> GetStreamingTextAsync(
        Stream audioSpeechStream, SpeechToTextOptions? options = null, CancellationToken cancellationToken = default)
    {
        // Checked here, and not when the enumeration starts, so that the exception is thrown near the mistake.
        ArgumentNullException.ThrowIfNull(audioSpeechStream);
        return StreamAsync(audioSpeechStream, options, cancellationToken);
    }

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        ClientMembers.FindService(this, _metadata, _client, typeof(AudioClient), serviceType, serviceKey);

    void IDisposable.Dispose()
    {
        // The PrivatemodeClient owns everything; several clients share it.
    }

    private string ModelOf(SpeechToTextOptions? options) =>
        options?.ModelId is { Length: > 0 } model ? ModelIds.Validate("SpeechToTextOptions.ModelId", model) : _modelId;

    private async IAsyncEnumerable<SpeechToTextResponseUpdate> StreamAsync(
        Stream audio, SpeechToTextOptions? options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ReceiptScope scope = ReceiptScope.Begin();
        await using ConfiguredAsyncDisposable held = scope.ConfigureAwait(false);
        using PipelineResponse response = await SendAsync(audio, options, isStreamed: true, scope, cancellationToken).ConfigureAwait(false);
        TranscriptionEvents mapper = new(ModelOf(options));
        IAsyncEnumerator<SseItem<SpeechToTextResponseUpdate?>> events = SseParser
            .Create(response.ContentStream ?? Stream.Null, (_, data) => mapper.Map(data)).EnumerateAsync(cancellationToken)
            .GetAsyncEnumerator(cancellationToken);
        await using (events.ConfigureAwait(false))
        {
            while (await MoveNextAsync(events, scope, cancellationToken).ConfigureAwait(false))
            {
                if (events.Current.Data is { } update)
                {
                    update.AdditionalProperties = scope.AddTo(update.AdditionalProperties);
                    yield return update;
                }
            }
        }

        // Only now is it verified that nothing is missing.
        SpeechToTextResponseUpdate last = mapper.Complete();
        last.AdditionalProperties = scope.AddTo(last.AdditionalProperties);
        yield return last;
    }

    private async ValueTask<bool> MoveNextAsync(
        IAsyncEnumerator<SseItem<SpeechToTextResponseUpdate?>> events, ReceiptScope scope, CancellationToken cancellationToken)
    {
        try
        {
            return await events.MoveNextAsync().ConfigureAwait(false);
        }
        catch (Exception exception) when (_failures.TryMap(exception, scope, Events, out Exception? mapped))
        {
            throw await _failures.ExplainAsync(mapped, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<PipelineResponse> SendAsync(
        Stream audio, SpeechToTextOptions? options, bool isStreamed, ReceiptScope scope, CancellationToken cancellationToken)
    {
        IReadOnlyList<FormField> fields = SpeechForm.Fields(this, options, ModelOf(options), isStreamed);
        FileSource source = await FileSource.OpenAsync(audio, _limit, cancellationToken).ConfigureAwait(false);
        if (!AudioFormats.IsKnown(source.Head.Span))
        {
            throw new PrivatemodeRequestException(
                FileLimit.Member,
                $"The file does not begin like an audio file that the service accepts ({AudioFormats.Names}). Convert it; raw samples need a header.");
        }

        using FormContent content = new(fields, FileField, NeutralName, NeutralType, source);
        RequestOptions request = new() { CancellationToken = cancellationToken, BufferResponse = !isStreamed };
        try
        {
            ClientResult result = await _client.TranscribeAudioAsync(content, content.ContentType, request).ConfigureAwait(false);
            return result.GetRawResponse();
        }
        catch (Exception exception) when (_failures.TryMap(exception, scope, Whole, out Exception? mapped))
        {
            throw await _failures.ExplainAsync(mapped, cancellationToken).ConfigureAwait(false);
        }
    }
}

/// <summary>Recognizes supported audio files by their first bytes, so that other files are refused before the upload.</summary>
/// <remarks>AAC in ADTS frames (.aac) looks much like MP3 and is not supported.</remarks>
internal static class AudioFormats
{
    /// <summary>The supported formats, for messages.</summary>
    public const string Names = "flac, mp3, mp4, mpeg, mpga, m4a, ogg, wav or webm";

    public static bool IsKnown(ReadOnlySpan<byte> head) =>
        IsWave(head)
        || head.StartsWith("ID3"u8)
        || IsMpegAudioFrame(head)
        || (head.Length >= 8 && head[4..].StartsWith("ftyp"u8))
        || head.StartsWith("OggS"u8)
        || head.StartsWith("fLaC"u8)
        || head.StartsWith((ReadOnlySpan<byte>)[0x1A, 0x45, 0xDF, 0xA3])

        // A program stream (.mpeg).
        || head.StartsWith((ReadOnlySpan<byte>)[0x00, 0x00, 0x01, 0xBA]);

    private static bool IsWave(ReadOnlySpan<byte> head) =>
        head.Length >= 12 && (head.StartsWith("RIFF"u8) || head.StartsWith("RF64"u8)) && head[8..].StartsWith("WAVE"u8);

    /// <summary>Returns whether the bytes are the header of an MPEG audio frame: eleven set bits, and a valid version and layer (ISO/IEC 11172-3,
    /// 2.4.1.3).</summary>
    private static bool IsMpegAudioFrame(ReadOnlySpan<byte> head) =>
        head.Length >= 4 && head[0] == 0xFF && (head[1] & 0xE0) == 0xE0 && (head[1] & 0x18) != 0x08 && (head[1] & 0x06) != 0;
}
