using Microsoft.Extensions.AI;
using Privatemode.AI;

namespace UserPrograms;

/// <summary>Extracts the elements of a document and asks the model about them.</summary>
public static class ContractReader
{
    public static async Task<string> RunAsync(PrivatemodeClient privatemode, Stream contract, TextWriter output)
    {
        DocumentOptions options = new()
        {
            Strategy = DocumentStrategy.HighResolution,
            Chunking = DocumentChunking.ByTitle,
            MaxCharacters = 2000,
            InferPdfTables = true,
            Languages = ["deu", "eng"],
        };
        PartitionedDocument document = await privatemode.Documents.PartitionAsync(contract, "contract.html", options);
        foreach (DocumentElement element in document.Elements)
        {
            await output.WriteLineAsync($"{element.PageNumber} {element.Type}: {element.Text}");
        }

        ChatResponse response = await privatemode.AsIChatClient("gpt-oss-120b").GetResponseAsync($"When is the rent due?\n\n{document.Text}");
        return response.Text;
    }
}
