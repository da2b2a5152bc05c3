using System.Text.Json.Serialization;

namespace Privatemode.AI.AspNetCore.Dialects;

/// <summary>What is written as JSON without a writer.</summary>
[JsonSerializable(typeof(string))]
internal sealed partial class ProxyJson : JsonSerializerContext;
