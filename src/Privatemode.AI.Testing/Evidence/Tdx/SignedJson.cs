using System.Text;
using System.Text.Json;
using Privatemode.AI.Testing.Evidence.Certificates;

namespace Privatemode.AI.Testing.Evidence.Tdx;

/// <summary>A document of Intel's service, which contains one value and a signature over the exact bytes of this value.</summary>
internal abstract class SignedJson(string memberName)
{
    public required DateTimeOffset IssueDate { get; set; }

    public required DateTimeOffset NextUpdate { get; set; }

    public int EvaluationNumber { get; set; } = 20;

    /// <summary>Changes the value after it has been signed.</summary>
    public Func<string, string>? AfterSigning { get; set; }

    /// <summary>Changes the whole document.</summary>
    public Func<string, string>? ChangeDocument { get; set; }

    /// <summary>Returns the signed document as it is served.</summary>
    public byte[] Sign(EcKey key)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream))
        {
            WriteValue(writer);
        }

        string value = Encoding.UTF8.GetString(stream.ToArray());
        string signature = Convert.ToHexStringLower(key.SignRaw(stream.ToArray()));
        string served = AfterSigning?.Invoke(value) ?? value;
        string document = $"{{\"{memberName}\":{served},\"signature\":\"{signature}\"}}";
        return Encoding.UTF8.GetBytes(ChangeDocument?.Invoke(document) ?? document);
    }

    protected void WriteDates(Utf8JsonWriter writer)
    {
        writer.WriteString("issueDate", Time(IssueDate));
        writer.WriteString("nextUpdate", Time(NextUpdate));
    }

    protected abstract void WriteValue(Utf8JsonWriter writer);

    private static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
