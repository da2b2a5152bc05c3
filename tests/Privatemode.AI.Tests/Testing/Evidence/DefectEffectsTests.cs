using System.Text;
using Privatemode.AI.Testing;
using Privatemode.AI.Testing.Evidence;
using Privatemode.AI.Tests.Architecture;

namespace Privatemode.AI.Tests.Testing.Evidence;

/// <summary>Each defect changes what it says and nothing else: all differences from sound evidence are written down in the text beside this file.</summary>
public sealed class DefectEffectsTests
{
    [Fact]
    public void Defects_AllOfThem_ChangeWhatTheApprovedTextSays()
    {
        string approved = Path.Combine(RepositoryFiles.Root, "tests", "Privatemode.AI.Tests", "Testing", "Evidence", "DefectEffects.txt");
        string received = Path.Combine(AppContext.BaseDirectory, "DefectEffects.received.txt");
        File.WriteAllText(received, Describe());

        Assert.True(
            File.Exists(approved) && File.ReadAllText(approved) == File.ReadAllText(received),
            $"Defects do something else than the approved text says. If that is meant, copy {received} over {approved}.");
    }

    private static string Describe()
    {
        StringBuilder text = new();
        foreach (EvidenceKind kind in Enum.GetValues<EvidenceKind>())
        {
            Facts sound = DocumentFacts.Read(new EvidenceSettings { Kind = kind });
            foreach (EvidenceDefect defect in EvidenceDefect.All.Where(defect => defect.AppliesTo(kind)))
            {
                Facts faulty = DocumentFacts.Read(new EvidenceSettings { Kind = kind, Defect = defect.Name });
                string differences = sound.Differences(faulty);
                Assert.True(defect == EvidenceDefect.None || differences.Length > 0, $"{defect} changes nothing.");
                text.Append(kind).Append(' ').Append(defect.Name).Append(": ").Append(differences).Append('\n');
            }
        }

        return text.ToString();
    }
}
