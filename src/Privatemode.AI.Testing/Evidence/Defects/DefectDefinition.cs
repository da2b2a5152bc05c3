namespace Privatemode.AI.Testing.Evidence.Defects;

/// <summary>What one defect is, and what it changes.</summary>
internal sealed record DefectDefinition(string Name, string Description, Action<EvidencePlan> Change);
