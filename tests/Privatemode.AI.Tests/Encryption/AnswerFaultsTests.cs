using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Tests.Encryption;

public sealed class AnswerFaultsTests
{
    // Names callers may compare with: they change only with the change log.
    private static readonly Dictionary<AnswerFault, string> Names = new()
    {
        [AnswerFault.NotJson] = "not-json",
        [AnswerFault.DuplicateName] = "duplicate-name",
        [AnswerFault.UnencryptedMember] = "unsealed-member",
        [AnswerFault.NothingEncrypted] = "nothing-sealed",
        [AnswerFault.EmptyDocument] = "empty-document",
        [AnswerFault.NoChoice] = "no-choice",
        [AnswerFault.PayloadMissing] = "payload-missing",
        [AnswerFault.InvalidUnauthenticatedMember] = "bad-plain-member",
        [AnswerFault.RenamedMember] = "renamed-member",
        [AnswerFault.ChoiceCount] = "choice-count",
        [AnswerFault.NotAuthentic] = "not-authentic",
        [AnswerFault.Reflected] = "reflected",
        [AnswerFault.AlreadyFailed] = "already-failed",
        [AnswerFault.Truncated] = "truncated-stream",
        [AnswerFault.AfterTheEnd] = "data-after-end",
        [AnswerFault.LineTooLong] = "line-too-long",
        [AnswerFault.BadLine] = "bad-line",
    };

    [Fact]
    public void Exception_EveryFault_HasItsNameAndContext()
    {
        Assert.Equal(Enum.GetValues<AnswerFault>().Where(fault => fault != AnswerFault.None), Names.Keys);
        foreach ((AnswerFault fault, string name) in Names)
        {
            PrivatemodeIntegrityException exception = AnswerFaults.Exception(fault, new AnswerContext("/v1/embeddings", "sdk_1"));
            Assert.Equal(name, exception.ErrorType);
            Assert.Equal("/v1/embeddings", exception.EndpointPath);
            Assert.Equal("sdk_1", exception.RequestId);
            Assert.Contains(fault == AnswerFault.EmptyDocument ? "Do not conclude" : "Do not use", exception.Message, StringComparison.Ordinal);
        }

        Assert.Equal(Names.Count, Names.Keys.Select(fault => AnswerFaults.Exception(fault, default).Message).Distinct().Count());
    }

    [Fact]
    public void Exception_NoFault_IsAMistakeOfOurs() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => AnswerFaults.Exception(AnswerFault.None, default));

    [Fact]
    public void From_EveryShape_IsAFaultUnlessAllIsWell()
    {
        Assert.Equal(AnswerFault.None, AnswerFaults.From(JsonShape.Usable));
        Assert.Equal(AnswerFault.DuplicateName, AnswerFaults.From(JsonShape.DuplicateName));
        Assert.All(
            Enum.GetValues<JsonShape>().Except([JsonShape.Usable, JsonShape.DuplicateName]),
            shape => Assert.Equal(AnswerFault.NotJson, AnswerFaults.From(shape)));
    }
}
