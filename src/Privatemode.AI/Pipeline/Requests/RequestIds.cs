using System.Globalization;

namespace Privatemode.AI.Pipeline.Requests;

/// <summary>Ids of calls: <c>sdk_&lt;UUIDv7&gt;</c>, with <c>_&lt;attempt&gt;</c> on endpoints that are sealed.</summary>
internal static class RequestIds
{
    /// <summary>A new id; the same for all attempts of one call.</summary>
    public static string New(TimeProvider time) => "sdk_" + Guid.CreateVersion7(time.GetUtcNow()).ToString("D", CultureInfo.InvariantCulture);

    /// <summary>The id of one attempt; the first is 0.</summary>
    public static string OfAttempt(string id, int attempt) => string.Create(CultureInfo.InvariantCulture, $"{id}_{attempt}");
}
