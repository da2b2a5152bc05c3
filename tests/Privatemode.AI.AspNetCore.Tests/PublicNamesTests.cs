using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using OpenAI;
using Privatemode.AI.Tests.Architecture;

namespace Privatemode.AI.AspNetCore.Tests;

/// <summary>The public types of the proxy.</summary>
public sealed class PublicNamesTests : PublicNameRules
{
    private protected override IEnumerable<Type> Ours => typeof(PrivatemodeProxyOptions).Assembly.GetExportedTypes();

    private protected override IEnumerable<string> Prefixed => ["PrivatemodeProxyOptions", "PrivatemodeProxyMetrics"];

    private protected override IEnumerable<Assembly> Others =>
    [
        typeof(PrivatemodeClient).Assembly, typeof(WebApplication).Assembly, typeof(HttpContext).Assembly, typeof(IEndpointRouteBuilder).Assembly,
        typeof(RateLimiterOptions).Assembly, typeof(IServiceCollection).Assembly, typeof(IChatClient).Assembly, typeof(OpenAIClient).Assembly,
        typeof(HttpClient).Assembly, typeof(object).Assembly,
    ];
}
