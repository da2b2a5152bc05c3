using System.Text.Json.Serialization;

namespace Privatemode.AI.AspNetCore.Dialects;

/// <summary>The generated serializers of the types that the proxy writes as JSON.</summary>
[JsonSerializable(typeof(string))]
internal sealed partial class ProxyJson : JsonSerializerContext;
