using System.ClientModel;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Embeddings;
using Privatemode.AI;

namespace UserPrograms;

/// <summary>Existing code over the official OpenAI client that gets the encrypted client in place of its own.</summary>
public static class OpenAICode
{
    public static async Task<string> RunAsync(PrivatemodeClient privatemode)
    {
        OpenAIClient openAI = privatemode.OpenAI;
        ChatClient chat = openAI.GetChatClient("gpt-oss-120b");
        ClientResult<ChatCompletion> completion = await chat.CompleteChatAsync(
            [new SystemChatMessage("Answer in one word."), new UserChatMessage("What is X-Wing?")],
            new ChatCompletionOptions { MaxOutputTokenCount = 20 });

        string streamed = "";
        await foreach (StreamingChatCompletionUpdate update in chat.CompleteChatStreamingAsync(new UserChatMessage("And HPKE?")))
        {
            streamed += string.Concat(update.ContentUpdate.Select(part => part.Text));
        }

        OpenAIEmbedding embedding = await openAI.GetEmbeddingClient("qwen3-embedding-4b").GenerateEmbeddingAsync("X-Wing");
        return $"{completion.Value.Content[0].Text} {streamed} {embedding.ToFloats().Length > 0}";
    }
}
