using System.Text;
using Privatemode.AI;

namespace UserPrograms;

/// <summary>Completes code, whole and as a stream.</summary>
public static class CodeCompletion
{
    public static async Task<(string Whole, string Streamed)> RunAsync(PrivatemodeClient privatemode)
    {
        TextCompletionClient completions = privatemode.GetTextCompletionClient("gpt-oss-120b");
        TextCompletion whole = await completions.CompleteAsync(new TextCompletionRequest("def add(a, b):")
        {
            MaxOutputTokens = 64,
            Temperature = 0,
            StopSequences = ["\n\n"],
        });
        TextCompletionChoice choice = whole.Choices[0];

        StringBuilder streamed = new();
        await foreach (TextCompletion part in completions.CompleteStreamingAsync(new TextCompletionRequest("def subtract(a, b):") { Seed = 1 }))
        {
            streamed.Append(part.Text);
        }

        return (choice.Text, streamed.ToString());
    }
}
