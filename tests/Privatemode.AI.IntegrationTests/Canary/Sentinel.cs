using System.Diagnostics;
using System.Text;

namespace Privatemode.AI.IntegrationTests.Canary;

/// <summary>Text that must not be seen anywhere, and the ways it could still be recognised.</summary>
internal static class Sentinel
{
    /// <summary>Only letters and digits, so that JSON, URLs and headers show it unchanged.</summary>
    public const string Text = "CANARYq7Zk2WmV9xT4";

    /// <summary>Model ids travel in the clear by protocol; this one has a character none has, so it must be refused.</summary>
    public const string NotAModel = Text + " ";

    private static readonly byte[][] Forms = [.. AllForms()];

    /// <summary>Bytes that hold the sentinel where a file or an image would be.</summary>
    public static byte[] Bytes => Encoding.UTF8.GetBytes($"RIFF{Text}WAVE{Text}");

    /// <summary>Every recognisable form of the sentinel found in the bytes.</summary>
    public static IEnumerable<string> FoundIn(byte[] bytes)
    {
        byte[] lower = Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(bytes).ToLowerInvariant());
        return Forms.Where(form => lower.AsSpan().IndexOf(form) >= 0).Select(Encoding.ASCII.GetString);
    }

    public static IEnumerable<string> FoundIn(string text) => FoundIn(Encoding.UTF8.GetBytes(text));

    /// <summary>Starts an activity with the sentinel in its baggage and trace state. The platform sends both with every request of an activity's unless it
    /// is prevented.</summary>
    /// <remarks>Start it where the test itself inherits it: in the constructor, for example. What an asynchronous method such as
    /// <see cref="IAsyncLifetime.InitializeAsync"/> makes current is gone when it returns.</remarks>
    public static Activity StartActivity()
    {
        Activity activity = new("canary");
        activity.SetIdFormat(ActivityIdFormat.W3C);
        activity.AddBaggage("canary", Text);
        activity.TraceStateString = $"canary={Text}";
        return activity.Start();
    }

    private static IEnumerable<byte[]> AllForms()
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(Text);
        yield return Lower(Text);
        yield return Lower(Convert.ToHexStringLower(utf8));
        yield return Lower(string.Concat(Text.Select(character => $"%{(int)character:x2}")));
        yield return Lower(string.Concat(Text.Select(character => $"\\u{(int)character:x4}")));

        // Base64 at each of the three alignments, without the characters that depend on the neighbours.
        for (int offset = 0; offset < 3; offset++)
        {
            string encoded = Convert.ToBase64String([.. new byte[offset], .. utf8]);
            yield return Lower(encoded[((offset * 8 + 5) / 6)..^4]);
        }
    }

    private static byte[] Lower(string text) => Encoding.ASCII.GetBytes(text.ToLowerInvariant());
}
