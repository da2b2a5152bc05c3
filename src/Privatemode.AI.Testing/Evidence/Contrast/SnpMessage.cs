using Privatemode.AI.Testing.Evidence.Sev;

namespace Privatemode.AI.Testing.Evidence.Contrast;

/// <summary>SNP evidence as the coordinator sends it: report, certificates and the revocation list in one message.</summary>
internal static class SnpMessage
{
    private const string RevocationListKey = "00569ee4-e480-4fba-bbf4-45b629901180";

    public static byte[] Write(IssuedSnp issued, byte[] reportData, bool withCertificates)
    {
        (SnpReportTemplate report, byte[] signature) = issued.Attest(reportData);
        ProtobufWriter message = new ProtobufWriter().Message(1, Report(report, signature));
        // A provider's certificate cannot be had from AMD: it travels in any case.
        if (withCertificates || issued.IsVlek)
        {
            _ = message.Message(2, Chain(issued, withCertificates));
        }

        if (report.Version < 3)
        {
            // Reports without CPUID: the coordinator says which product it runs on.
            _ = message.Message(3, new ProtobufWriter().Number(1, issued.Line == SnpLine.Milan ? 1ul : 2ul));
        }

        return message.ToArray();
    }

    private static ProtobufWriter Chain(IssuedSnp issued, bool withCertificates)
    {
        ProtobufWriter chain = new();
        if (!issued.IsVlek)
        {
            _ = chain.Bytes(1, issued.Vek);
        }

        if (withCertificates)
        {
            _ = chain.Bytes(2, issued.Intermediate).Bytes(3, issued.Root);
        }

        if (issued.IsVlek)
        {
            _ = chain.Bytes(6, issued.Vek);
        }

        if (withCertificates && issued.RevocationList is { } list)
        {
            _ = chain.Message(7, new ProtobufWriter().Text(1, RevocationListKey).Bytes(2, list));
        }

        return chain;
    }

    private static ProtobufWriter Report(SnpReportTemplate report, byte[] signature)
    {
        ProtobufWriter message = new ProtobufWriter()
            .Number(1, report.Version)
            .Number(2, report.GuestSvn)
            .Number(3, report.Policy)
            .Bytes(4, report.FamilyId)
            .Bytes(5, report.ImageId)
            .Number(6, report.Vmpl)
            .Number(7, report.SignatureAlgorithm)
            .Number(8, report.CurrentTcb)
            .Number(9, report.PlatformInfo)
            .Number(10, report.KeyInfo)
            .Bytes(11, report.ReportData)
            .Bytes(12, report.Measurement)
            .Bytes(13, report.HostData)
            .Bytes(14, report.IdKeyDigest)
            .Bytes(15, report.AuthorKeyDigest)
            .Bytes(16, report.ReportId)
            .Bytes(17, report.ReportIdOfMigrationAgent)
            .Number(18, report.ReportedTcb)
            .Bytes(19, report.ChipId)
            .Number(20, report.CommittedTcb);
        for (int i = 0; i < 3; i++)
        {
            _ = message.Number(21 + i, report.CurrentVersion[i]);
        }

        for (int i = 0; i < 3; i++)
        {
            _ = message.Number(24 + i, report.CommittedVersion[i]);
        }

        return message
            .Number(27, report.LaunchTcb)
            .Bytes(28, signature)
            .Number(29, report.Version < 3 ? 0u : report.CpuId)
            .Number(30, report.Version < 5 ? 0u : report.LaunchMitigations)
            .Number(31, report.Version < 5 ? 0u : report.CurrentMitigations);
    }
}
