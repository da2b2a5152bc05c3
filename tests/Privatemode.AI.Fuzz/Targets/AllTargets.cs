namespace Privatemode.AI.Fuzz.Targets;

/// <summary>Everything that reads what comes from outside before, or in order to, trust it, and what translates requests of callers.</summary>
internal static class AllTargets
{
    public static IReadOnlyList<FuzzTarget> Create() =>
    [
        SnpTarget.Create(), TdxTarget.Create(), .. CertificateTargets.Create(), .. CollateralTargets.Create(), .. ContrastTargets.Create(),
        .. KeyExchangeTargets.Create(), .. AnswerTargets.Create(), ResponsesRequestTarget.Create(), ResponseEventsTarget.Create(),
        WholeResponseTarget.Create(), MessagesRequestTarget.Create(), .. ProxyEditTargets.Create(), DemoScriptTarget.Create(),
    ];
}
