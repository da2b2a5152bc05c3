using System.Text;

namespace Privatemode.AI.Soak;

/// <summary>Requests with the marker in every text, also in those that the proxy takes out.</summary>
internal static class Bodies
{
    private const string Filler = "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et dolore magna aliqua ";

    public static string Chat(string model, string marker, int filler, bool stream, bool calls) => $$"""
        {"model":"{{model}}","stream":{{Bool(stream)}},"user":"{{marker}}","metadata":{"{{marker}}":"{{marker}}"},"prompt_cache_key":"{{marker}}",
        "messages":[{"role":"developer","content":"{{marker}}"},{"role":"user","content":"{{marker}} {{Fill(filler)}}"}]{{(calls ? $$"""
        ,"tools":[{"type":"function","function":{"name":"{{Marker.FunctionOf(marker)}}","description":"{{marker}}","parameters":{"type":"object",
        "properties":{"id":{"type":"string","description":"{{marker}}"},"query":{"type":"string"} } } } }]
        """ : "")}} }
        """;

    public static string Completion(string model, string marker, int filler, bool stream) =>
        $$"""{"model":"{{model}}","stream":{{Bool(stream)}},"max_tokens":64,"prompt":"{{marker}} {{Fill(filler)}}","user":"{{marker}}"}""";

    public static string Response(string model, string marker, int filler, bool stream, bool calls) => $$"""
        {"model":"{{model}}","stream":{{Bool(stream)}},"store":false,"instructions":"{{marker}}","prompt_cache_key":"{{marker}}",
        "client_metadata":{"{{marker}}":"{{marker}}"},
        "input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"{{marker}} {{Fill(filler)}}"}]}]{{(calls ? $$"""
        ,"tools":[{"type":"function","name":"{{Marker.FunctionOf(marker)}}","description":"{{marker}}","parameters":{"type":"object",
        "properties":{"id":{"type":"string"},"query":{"type":"string"} } } }]
        """ : "")}} }
        """;

    public static string Message(string model, string marker, int filler, bool stream, bool calls) => $$"""
        {"model":"{{model}}","max_tokens":4096,"stream":{{Bool(stream)}},"metadata":{"user_id":"{{marker}}"},"{{marker}}":"{{marker}}",
        "system":[{"type":"text","text":"x-anthropic-billing-header: {{marker}}"},{"type":"text","text":"{{marker}}"}],
        "messages":[{"role":"user","content":"{{marker}} {{Fill(filler)}}"},{"role":"system","content":"{{marker}}"}]{{(calls ? $$"""
        ,"tools":[{"name":"{{Marker.FunctionOf(marker)}}","description":"{{marker}}","input_schema":{"type":"object",
        "properties":{"id":{"type":"string"},"query":{"type":"string"} } } }]
        """ : "")}} }
        """;

    public static string Embedding(string marker) =>
        $$"""{"model":"{{SoakHost.EmbeddingModel}}","dimensions":8,"input":["{{marker}}","second {{marker}}"],"user":"{{marker}}"}""";

    public static MultipartFormDataContent Transcription(string marker, int filler) => new($"b{marker}")
    {
        { new StringContent(SoakHost.TranscriptionModel), "model" },
        { new StringContent(marker), "prompt" },
        { new ByteArrayContent(Encoding.ASCII.GetBytes($"RIFF {marker} {Fill(filler)}")), "file", $"{marker}.wav" },
    };

    public static MultipartFormDataContent Document(string marker, int filler) => new($"b{marker}")
    {
        { new StringContent("fast"), "strategy" },
        { new ByteArrayContent(Encoding.ASCII.GetBytes($"{marker} {Fill(filler)}")), "files", $"{marker}.txt" },
    };

    private static string Fill(int length)
    {
        StringBuilder text = new(length + Filler.Length);
        while (text.Length < length)
        {
            _ = text.Append(Filler);
        }

        return text.ToString(0, length);
    }

    private static string Bool(bool value) => value ? "true" : "false";
}
