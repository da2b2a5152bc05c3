using System.Text;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Documents;

/// <summary>Document extraction through every layer.</summary>
public sealed class DocumentTests : DeploymentTest
{
    private static readonly byte[] Pdf = Encoding.UTF8.GetBytes("%PDF-1.7 very secret");

    [Fact]
    public async Task Document_WithNameAndOptions_ComesBackAsElements()
    {
        Deployment.Model.ReplyWithDocument(
            new ScriptedDocumentElement("Title", "Vertrag"), new ScriptedDocumentElement("NarrativeText", "Hiermit") { PageNumber = 2 });

        PartitionedDocument document = await Client.Documents.PartitionAsync(new MemoryStream(Pdf), "/home/anna/Kündigung.pdf", new()
        {
            Strategy = DocumentStrategy.HighResolution,
            Languages = ["deu", "eng"],
            MediaType = "application/pdf",
        }).OrTimeout();

        Assert.Equal([DocumentElementType.Title, DocumentElementType.NarrativeText], document.Elements.Select(element => element.Type));
        Assert.Equal(2, document.Elements[1].PageNumber);
        Assert.All(document.Elements, element => Assert.Equal("Kündigung.pdf", element.FileName));
        Assert.Equal("Vertrag\n\nHiermit", document.Text);
        Assert.Equal(document.Text, document.ToString());
        RecordedRequest request = Assert.Single(Deployment.Requests);
        Assert.Equal(request.RequestId, document.Receipt!.RequestId);
        Assert.True(document.Receipt.IsWholeBodyEncrypted);
        Assert.Empty(document.Receipt.EncryptedMembers);
        Assert.Equal(Pdf, request.DecryptedFields["files"].ToArray());
        Assert.Equal("[\"deu\",\"eng\"]", Encoding.UTF8.GetString(request.DecryptedFields["languages"].Span));
        Assert.Contains("name=\"files\"; filename=\"Kündigung.pdf\"\r\nContent-Type: application/pdf\r\n", request.DecryptedBody, StringComparison.Ordinal);
        Assert.DoesNotContain("hi_res", request.WireBodyText, StringComparison.Ordinal);
        Assert.DoesNotContain("Privatemode-Target-Model", request.Headers.Keys);
    }

    [Fact]
    public async Task Name_NotGiven_IsThatOfTheFileOrNone()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("privatemode-documents-");
        try
        {
            string path = Path.Combine(folder.FullName, "report.pdf");
            await File.WriteAllBytesAsync(path, Pdf);
            await using FileStream file = File.OpenRead(path);
            Assert.Equal("report.pdf", (await Client.Documents.PartitionAsync(file).OrTimeout()).Elements[0].FileName);
            Assert.True(file.CanRead);
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        Assert.Equal("document", (await Client.Documents.PartitionAsync(new HiddenLengthStream(Pdf)).OrTimeout()).Elements[0].FileName);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Document_LargestThatFits_PassesAndOneByteMoreDoesNot(bool canSeek)
    {
        // Found by trying: what the form has around the file is not the caller's business.
        int largest = 26_214_272;
        while (await RefusalAsync(largest, canSeek: true) is not null)
        {
            largest -= 16;
        }

        Assert.InRange(largest, 25 * 1024 * 1024 - 1024, 25 * 1024 * 1024 - 1);
        Assert.Single(Deployment.Requests);
        PrivatemodeRequestException refusal = (await RefusalAsync(largest + 16, canSeek))!;
        Assert.Equal("file", refusal.Member);
        Assert.Single(Deployment.Requests);
    }

    [Fact]
    public async Task Document_BusyService_IsAskedAgain()
    {
        Deployment.Faults.Inject(Fault.UnencryptedError(503));
        Task<PartitionedDocument> asking = Client.Documents.PartitionAsync(new HiddenLengthStream(Pdf));
        await PassFirstPauseAsync();
        Assert.Equal($"You sent {Pdf.Length} bytes", (await asking.OrTimeout()).Text);
        Assert.Equal(2, Deployment.Requests.Count);
    }

    [Fact]
    public async Task Error_OfTheService_IsAServiceException()
    {
        Deployment.Model.ReplyWithError(422, "File type canary is not supported", "bad_file");
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(AskAsync);
        Assert.Equal((ServiceFailureReason.InvalidRequest, 422, "bad_file"), (exception.Reason, exception.Status, exception.ErrorCode));
        Assert.Equal("File type canary is not supported", exception.ServerMessage);
        Assert.DoesNotContain("canary", exception.ToString(), StringComparison.Ordinal);
        Deployment.Faults.Inject(Fault.UnencryptedError(401));
        Assert.Equal("ApiKey", (await Assert.ThrowsAsync<PrivatemodeConfigurationException>(AskAsync)).Setting);
    }

    public static TheoryData<Fault, string> Faults => new()
    {
        { Fault.TamperEvent(0), "not-authentic" },
        { Fault.UnencryptedSuccess(), "unsealed-member" },
        { Fault.UnencryptedEvent(0), "unsealed-member" },
        { Fault.ChangeStatus(400), "relabelled-answer" },
        { Fault.CutConnection(40), "truncated-answer" },
        { Fault.ReflectRequest, "reflected" },
        { Fault.UnencryptedSuccess(withHeader: true), "unsealed-answer" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Answer_AlteredOnTheWay_IsAnIntegrityException(Fault fault, string failure)
    {
        Deployment.Faults.Inject(fault);
        PrivatemodeIntegrityException exception = await Assert.ThrowsAsync<PrivatemodeIntegrityException>(AskAsync);
        Assert.Equal((failure, "/unstructured/general/v0/general"), (exception.ErrorType, exception.EndpointPath));
    }

    [Fact]
    public async Task Answer_Odd_IsAServiceExceptionWithoutItsContent()
    {
        Deployment.Model.ReplyWithDocument().WithRawJson("""[{"type":["canary"]}]""");
        Assert.DoesNotContain("canary", (await Assert.ThrowsAsync<PrivatemodeServiceException>(AskAsync)).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Model_ThatIsGone_IsToldWithWhatThereIs()
    {
        Deployment.Model.ReplyWithError(404, "There is no such model", "model_not_found");
        Assert.Contains(ModelId, (await Assert.ThrowsAsync<PrivatemodeModelUnavailableException>(AskAsync)).AvailableModelIds);
    }

    [Fact]
    public async Task Answer_WithoutElements_ProvesNothing()
    {
        Deployment.Model.ReplyWithDocument().WithRawJson("[]");
        Assert.Equal("empty-document", (await Assert.ThrowsAsync<PrivatemodeIntegrityException>(AskAsync)).ErrorType);
    }

    [Fact]
    public async Task Mistakes_OfTheCaller_AreNamedBeforeAnythingIsSent()
    {
        await Assert.ThrowsAsync<ArgumentNullException>(() => Client.Documents.PartitionAsync(null!));
        Assert.Equal("file", (await Assert.ThrowsAsync<PrivatemodeRequestException>(
            () => Client.Documents.PartitionAsync(new MemoryStream()))).Member);
        Assert.Equal("DocumentOptions.MediaType", (await Assert.ThrowsAsync<PrivatemodeRequestException>(
            () => Client.Documents.PartitionAsync(new MemoryStream(Pdf), null, new() { MediaType = "pdf" }))).Member);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Client.Documents.PartitionAsync(new MemoryStream(Pdf), cancellationToken: new CancellationToken(canceled: true)));
        Assert.Empty(Deployment.Requests);
    }

    private Task AskAsync() => Client.Documents.PartitionAsync(new MemoryStream(Pdf), "a.pdf").OrTimeout();

    private async Task<PrivatemodeRequestException?> RefusalAsync(int size, bool canSeek)
    {
        byte[] file = new byte[size];
        using Stream stream = canSeek ? new MemoryStream(file) : new HiddenLengthStream(file, 1 << 20);
        Exception? exception = await Record.ExceptionAsync(() => Client.Documents.PartitionAsync(stream).OrTimeout());
        return exception is null ? null : Assert.IsType<PrivatemodeRequestException>(exception);
    }

    private async Task PassFirstPauseAsync()
    {
        TimeSpan due = await Time.TimerAsync(time => time >= TimeSpan.FromSeconds(0.64) && time <= TimeSpan.FromSeconds(0.96)).OrTimeout();
        Time.Advance(due);
    }
}
