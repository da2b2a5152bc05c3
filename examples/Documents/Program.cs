using System.Text;
using Examples;
using Privatemode.AI;
using Privatemode.AI.Testing;

// Extracts the elements of a document inside the enclave. Its content, its name and all options are sent as one encrypted value.
await using Example example = await Example.StartAsync(model => model.ReplyWithDocument(
    new ScriptedDocumentElement("Title", "Rental agreement"),
    new ScriptedDocumentElement("NarrativeText", "The rent is due on the first of the month.")));

using MemoryStream page = new(Encoding.UTF8.GetBytes("<h1>Rental agreement</h1><p>The rent is due on the first of the month.</p>"));
PartitionedDocument document = await example.Client.Documents.PartitionAsync(page, "rental-agreement.html");
foreach (DocumentElement element in document.Elements)
{
    Console.WriteLine($"{element.Type,-14} {element.Text}");
}
