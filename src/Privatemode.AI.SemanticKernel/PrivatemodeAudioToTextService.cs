using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Microsoft.Extensions.AI;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.AudioToText;
using Microsoft.SemanticKernel.Services;
using Privatemode.AI.SemanticKernel.Settings;
using KernelText = Microsoft.SemanticKernel.TextContent;

namespace Privatemode.AI.SemanticKernel;

/// <summary>Represents a service that transcribes recordings with Privatemode.</summary>
/// <remarks>
/// <para>All requests are sent by the <see cref="PrivatemodeClient"/>. The name and address of a recording are never sent, and a recording that has an address
/// but no data is refused.</para>
/// <para>The metadata of the result contains <c>Language</c>, <c>Duration</c>, <c>Segments</c>, <c>Words</c> and <c>Usage</c>, each of which is
/// <see langword="null"/> if the service does not return it, and the receipt; see <see cref="KernelMetadata"/>. <see cref="KernelContent.InnerContent"/> is the
/// <see cref="SpeechToTextResponse"/>.</para>
/// <para>This class is thread-safe.</para>
/// </remarks>
[Experimental("SKEXP0001")]
public sealed class PrivatemodeAudioToTextService : IAudioToTextService
{
    private readonly ISpeechToTextClient _client;
    private readonly string _modelId;

    /// <summary>Initializes a new instance of the <see cref="PrivatemodeAudioToTextService"/> class.</summary>
    /// <param name="modelId">The model ID, for example <c>whisper-large-v3</c>. Execution settings can specify another model.</param>
    /// <param name="client">The client. Do not dispose it while the service is in use.</param>
    /// <exception cref="ArgumentNullException"><paramref name="modelId"/> or <paramref name="client"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> is empty.</exception>
    public PrivatemodeAudioToTextService(string modelId, PrivatemodeClient client)
    {
        ArgumentException.ThrowIfNullOrEmpty(modelId);
        ArgumentNullException.ThrowIfNull(client);
        (_client, _modelId) = (client.AsISpeechToTextClient(modelId), modelId);
        Attributes = new Dictionary<string, object?>
        {
            [AIServiceExtensions.ModelIdKey] = modelId,
            [AIServiceExtensions.EndpointKey] = _client.GetService<SpeechToTextClientMetadata>()?.ProviderUri?.ToString(),
        };
    }

    /// <summary>Gets the attributes of this service: the model ID and the address to which requests are sent.</summary>
    public IReadOnlyDictionary<string, object?> Attributes { get; }

    /// <summary>Transcribes a recording.</summary>
    /// <param name="content">The recording. It must contain the data, because it is not loaded from an address.</param>
    /// <param name="executionSettings">The settings of any type, or <see langword="null"/> for the defaults; see
    /// <see cref="PrivatemodeAudioToTextExecutionSettings.FromExecutionSettings"/>.</param>
    /// <param name="kernel">Not used.</param>
    /// <param name="cancellationToken">A token that cancels the operation.</param>
    /// <returns>A list with one element: the whole text, with the metadata that the remarks of this class describe.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="content"/> is <see langword="null"/>.</exception>
    /// <exception cref="PrivatemodeException">The recording could not be sent, or the transcription could not be received. The type of the exception
    /// identifies the cause.</exception>
    public async Task<IReadOnlyList<KernelText>> GetTextContentsAsync(
        AudioContent content, PromptExecutionSettings? executionSettings = null, Kernel? kernel = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(content);
        if (content.Data is not { IsEmpty: false } data)
        {
            throw new PrivatemodeRequestException(
                "AudioContent.Data", "The audio content has no data. Load the recording and set Data or DataUri. It is not fetched from Uri.");
        }

        SpeechTranscriptionOptions options = TranscriptionSettings.ToOptions(PrivatemodeAudioToTextExecutionSettings.FromExecutionSettings(executionSettings));
        using MemoryStream recording = MemoryMarshal.TryGetArray(data, out ArraySegment<byte> array)
            ? new MemoryStream(array.Array!, array.Offset, array.Count, writable: false)
            : new MemoryStream(data.ToArray(), writable: false);
        SpeechToTextResponse response = await _client.GetTextAsync(recording, options, cancellationToken).ConfigureAwait(false);
        return [new KernelText(response.Text, response.ModelId ?? options.ModelId ?? _modelId, response, metadata: MetadataOf(response))];
    }

    private static Dictionary<string, object?> MetadataOf(SpeechToTextResponse response)
    {
        Transcription? transcription = response.GetTranscription();
        return new Dictionary<string, object?>(response.AdditionalProperties ?? [])
        {
            ["Language"] = transcription?.Language,
            ["Duration"] = transcription?.Duration,
            ["Segments"] = transcription?.Segments,
            ["Words"] = transcription?.Words,
            ["Usage"] = response.Usage,
        };
    }
}
