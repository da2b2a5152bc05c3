namespace Privatemode.AI.Testing.Evidence.Defects;

/// <summary>The definition of one defect: its name, its description, and the change to the evidence.</summary>
internal sealed record DefectDefinition(string Name, string Description, Action<EvidencePlan> Change);
