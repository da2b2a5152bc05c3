using System.Text;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;

namespace Privatemode.AI.Tests.Fakes;

/// <summary>An opening stream over a scripted network, and all ways to read from it.</summary>
internal sealed class OpeningScene : IDisposable
{
    public OpeningScene()
    {
        EventDecryptor opener = Source.Opener(out ExchangeCipher cipher);
        Owner = new CountedDisposable(cipher);
        Stream = new DecryptingEventStream(Network, opener, Owner);
    }

    public static TheoryData<string> WaysToRead { get; } = ["span", "array", "memory async", "array async"];

    public ChoiceStream Source { get; } = new();

    public ScriptedStream Network { get; } = new();

    public CountedDisposable Owner { get; }

    public DecryptingEventStream Stream { get; }

    /// <summary>Begins one read; a synchronous one on a thread of its own.</summary>
    public Task<int> ReadAsync(string way, byte[] buffer, CancellationToken cancellationToken = default) => way switch
    {
        "span" => TestTimeouts.OnOwnThread(() => Stream.Read(buffer.AsSpan())),
        "array" => TestTimeouts.OnOwnThread(() => Stream.Read(buffer, 0, buffer.Length)),
        "memory async" => Stream.ReadAsync(buffer.AsMemory(), cancellationToken).AsTask().OrTimeout(),
        _ => Stream.ReadAsync(buffer, 0, buffer.Length, cancellationToken).OrTimeout(),
    };

    /// <summary>Reads once and gives the text.</summary>
    public async Task<string> ReadTextAsync(string way, int size = 4096)
    {
        byte[] buffer = new byte[size];
        return Encoding.UTF8.GetString(buffer, 0, await ReadAsync(way, buffer));
    }

    /// <summary>Reads to the end.</summary>
    public async Task<string> ReadToEndAsync(string way, int size = 4096)
    {
        List<byte> all = [];
        byte[] buffer = new byte[size];
        for (int read = await ReadAsync(way, buffer); read > 0; read = await ReadAsync(way, buffer))
        {
            all.AddRange(buffer.AsSpan(0, read));
        }

        return Encoding.UTF8.GetString([.. all]);
    }

    public void Dispose()
    {
        Stream.Dispose();
        Source.Dispose();
    }
}
