using Microsoft.Extensions.AI;
using Privatemode.AI;

namespace TestingYourApp;

/// <summary>The application code to test. It depends on IChatClient only.</summary>
public sealed class Summarizer(IChatClient chat)
{
    public async Task<string> SummarizeAsync(string text)
    {
        try
        {
            ChatResponse answer = await chat.GetResponseAsync($"Sum this up in one sentence: {text}");
            return answer.Text;
        }
        catch (PrivatemodeServiceException exception) when (exception.Reason is ServiceFailureReason.InvalidRequest)
        {
            return "The text is too long.";
        }
    }
}
