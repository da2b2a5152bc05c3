using System.Text.Json.Serialization;

namespace Privatemode.AI.AspNetCore.Tests;

/// <summary>Types that tests write as JSON; reflection is off, as in trimmed applications.</summary>
[JsonSerializable(typeof(string))]
internal sealed partial class TestJson : JsonSerializerContext;
