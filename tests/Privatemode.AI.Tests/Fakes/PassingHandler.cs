namespace Privatemode.AI.Tests.Fakes;

/// <summary>A handler of the application's that passes everything on.</summary>
internal sealed class PassingHandler : DelegatingHandler;
