using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption;

namespace Privatemode.AI;

/// <summary>Represents a statement of this client about the verified deployment with which a request and its answer were exchanged.</summary>
/// <remarks>
/// <para>The client makes the statement. The deployment does not sign it, and nothing in this library accepts a receipt as proof.</para>
/// <para>With <see cref="TransportOptions.DangerousUnverifiedLocalProxy"/> this client neither verifies nor encrypts. The receipt then says so:
/// <see cref="IsVerified"/> is <see langword="false"/>, and there is no secret, manifest or time. Check <see cref="IsVerified"/>, not only that there is a
/// receipt.</para>
/// <para>Tests get a receipt from <c>PrivatemodeModelFactory</c> in the package Privatemode.AI.Testing.</para>
/// </remarks>
public sealed record EncryptionReceipt
{
    /// <summary>The key of the receipt in the additional properties of responses. The value is JSON text.</summary>
    public const string PropertyName = "privatemode.receipt";

    // A buffer that grows takes three times the memory, and every answer has a receipt.
    private const int EnoughForMost = 768;

    private const string VerifiedName = "verified";
    private const string InsecureLoopbackName = "insecureLoopback";
    private const string StatementName = "statement";
    private const string NotVerified = "not verified by this client";

    private static readonly string[] Known =
        ["secretId", "manifestSha256", "verifiedAt", "requestId", "encryptedMembers", "clearMembers", VerifiedName, InsecureLoopbackName, StatementName];

    // Readers differ in which of two members with the same name they use.
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    // Names and JSON texts of members that a later version wrote.
    private (string Name, string Json)[] _unknown = [];

    internal EncryptionReceipt()
    {
    }

    /// <summary>Gets a value that indicates whether this client verified the deployment and encrypted the request for it.</summary>
    /// <value><see langword="false"/> with <see cref="TransportOptions.DangerousUnverifiedLocalProxy"/>: the request was sent unencrypted to Privatemode's own
    /// proxy. Also <see langword="false"/> if <see cref="SecretId"/>, <see cref="ManifestSha256"/> or <see cref="VerifiedAt"/> is <see langword="null"/>, and
    /// for a receipt that was deserialized by other means than <see cref="TryParse"/>.</value>
    [MemberNotNullWhen(true, nameof(SecretId), nameof(ManifestSha256), nameof(VerifiedAt))]
    public bool IsVerified
    {
        // The default is false: serializers that restore a receipt member by member skip this one, because it has no public setter.
        get => field && SecretId is not null && ManifestSha256 is not null && VerifiedAt is not null;
        internal init;
    }

    /// <summary>Gets a value that indicates whether the deployment was verified with the roots of a test deployment (<see cref="InsecureLoopbackTrust"/>).
    /// </summary>
    /// <value>If <see langword="true"/>, the verification proves nothing about hardware.</value>
    public bool IsInsecureLoopback { get; init; }

    /// <summary>Gets the ID of the secret under which request and answer were encrypted. The ID is not secret.</summary>
    /// <value><see langword="null"/> if the request was sent to Privatemode's own proxy (<see cref="TransportOptions.DangerousUnverifiedLocalProxy"/>). Never
    /// <see langword="null"/> if <see cref="IsVerified"/> is
    /// <see langword="true"/>.</value>
    public required string? SecretId { get; init; }

    /// <summary>Gets the SHA-256 digest of the manifest that the deployment proved, as 64 lower-case hexadecimal digits.</summary>
    /// <value><see langword="null"/> if the request was sent to Privatemode's own proxy (<see cref="TransportOptions.DangerousUnverifiedLocalProxy"/>). Never
    /// <see langword="null"/> if <see cref="IsVerified"/> is
    /// <see langword="true"/>.</value>
    public required string? ManifestSha256 { get; init; }

    /// <summary>Gets the time at which the deployment was verified.</summary>
    /// <value><see langword="null"/> if the request was sent to Privatemode's own proxy (<see cref="TransportOptions.DangerousUnverifiedLocalProxy"/>). Never
    /// <see langword="null"/> if <see cref="IsVerified"/> is
    /// <see langword="true"/>.</value>
    public required DateTimeOffset? VerifiedAt { get; init; }

    /// <summary>Gets the ID that the client assigned to the request. It is also sent to the service, but not to Privatemode's own proxy.</summary>
    public required string RequestId { get; init; }

    /// <summary>Gets the names of the members of the request that were encrypted.</summary>
    /// <value>Empty if <see cref="IsWholeBodyEncrypted"/> is <see langword="true"/>, and if the request was sent to Privatemode's own proxy.</value>
    public required IReadOnlyList<string> EncryptedMembers { get; init; }

    /// <summary>Gets the names of the members of the request that were sent in the clear.</summary>
    /// <value>Empty if <see cref="IsWholeBodyEncrypted"/> is <see langword="true"/>.</value>
    public required IReadOnlyList<string> ClearMembers { get; init; }

    /// <summary>Gets a value that indicates whether the request body was encrypted as a whole, including the names of its members.</summary>
    /// <value><see langword="true"/> for document extraction (<see cref="DocumentClient"/>).</value>
    public bool IsWholeBodyEncrypted => IsVerified && EncryptedMembers.Count + ClearMembers.Count == 0;

    /// <summary>Creates the receipt of a request that was sent to Privatemode's own proxy: nothing was verified, and nothing encrypted.</summary>
    internal static EncryptionReceipt Unverified(string requestId, IReadOnlyList<string> members) => new()
    {
        IsVerified = false,
        SecretId = null,
        ManifestSha256 = null,
        VerifiedAt = null,
        RequestId = requestId,
        EncryptedMembers = [],
        ClearMembers = members,
    };

    /// <summary>Reads a receipt from JSON text.</summary>
    /// <param name="json">The result of <see cref="ToJson"/>, of this version or a later one.</param>
    /// <param name="receipt">The receipt, or <see langword="null"/> if the text is <see langword="null"/> or is not a receipt.</param>
    /// <returns><see langword="true"/> if the text is a receipt; otherwise, <see langword="false"/>.</returns>
    /// <remarks>Members that this version does not know are kept: <see cref="ToJson"/> returns them too.</remarks>
    public static bool TryParse([NotNullWhen(true)] string? json, [NotNullWhen(true)] out EncryptionReceipt? receipt) =>
        (receipt = ParseOrNull(json)) is not null;

    /// <summary>Reads a receipt; null if the text is not a receipt.</summary>
    internal static EncryptionReceipt? ParseOrNull(string? json)
    {
        if (json is null)
        {
            return null;
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(json, Strict);
            JsonElement root = document.RootElement;

            // A receipt that says "not verified" is never accepted as that of an encrypted request, regardless of its other members.
            bool isVerified = !root.TryGetProperty(VerifiedName, out JsonElement verified) || verified.GetBoolean();
            return new EncryptionReceipt
            {
                IsVerified = isVerified,
                IsInsecureLoopback = root.TryGetProperty(InsecureLoopbackName, out JsonElement test) && test.GetBoolean(),
                SecretId = isVerified ? Text(root, "secretId") : null,
                ManifestSha256 = isVerified ? Text(root, "manifestSha256") : null,
                VerifiedAt = isVerified ? root.GetProperty("verifiedAt").GetDateTimeOffset() : null,
                RequestId = Text(root, "requestId"),
                EncryptedMembers = Names(root, "encryptedMembers"),
                ClearMembers = Names(root, "clearMembers"),
                _unknown = [.. root.EnumerateObject().Where(member => !Known.Contains(member.Name, StringComparer.Ordinal))
                    .Select(member => (member.Name, member.Value.GetRawText()))],
            };
        }
        catch (Exception exception) when (exception is
            JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException)
        {
            // The last one for half a surrogate pair, which cannot be encoded in UTF-8.
            return null;
        }
    }

    /// <summary>Returns the receipt as JSON text, which <see cref="TryParse"/> reads.</summary>
    /// <returns>A JSON object.</returns>
    public string ToJson()
    {
        using PooledBytes bytes = new(EnoughForMost, isSecret: false);
        using (Utf8JsonWriter json = new(bytes))
        {
            json.WriteStartObject();
            if (IsVerified)
            {
                json.WriteString("secretId", SecretId);
                json.WriteString("manifestSha256", ManifestSha256);
                json.WriteString("verifiedAt", VerifiedAt.Value);
            }
            else
            {
                // Without the members above, so that a reader that does not know this form does not accept it as a receipt.
                json.WriteBoolean(VerifiedName, false);
                json.WriteString(StatementName, NotVerified);
            }

            if (IsInsecureLoopback)
            {
                json.WriteBoolean(InsecureLoopbackName, true);
            }

            json.WriteString("requestId", RequestId);
            WriteNames(json, "encryptedMembers", EncryptedMembers);
            WriteNames(json, "clearMembers", ClearMembers);
            foreach ((string name, string value) in _unknown)
            {
                json.WritePropertyName(name);
                json.WriteRawValue(value);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.Span);
    }

    /// <summary>Determines whether another receipt has the same values. Lists are compared by their elements.</summary>
    /// <param name="other">The other receipt.</param>
    /// <returns><see langword="true"/> if all values are equal; otherwise, <see langword="false"/>.</returns>
    public bool Equals(EncryptionReceipt? other) => other is not null && IsVerified == other.IsVerified
        && IsInsecureLoopback == other.IsInsecureLoopback && SecretId == other.SecretId
        && ManifestSha256 == other.ManifestSha256 && VerifiedAt == other.VerifiedAt && RequestId == other.RequestId
        && EncryptedMembers.SequenceEqual(other.EncryptedMembers) && ClearMembers.SequenceEqual(other.ClearMembers) && _unknown.SequenceEqual(other._unknown);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(SecretId, RequestId);

    /// <summary>Returns the statement as human-readable text.</summary>
    /// <returns>The statement, in English.</returns>
    public override string ToString() => !IsVerified
        ? $"{char.ToUpperInvariant(NotVerified[0])}{NotVerified[1..]}: request {RequestId} was sent unencrypted to a proxy on this machine, which returned " +
            "the answer. This client cannot tell whether the deployment was verified, or the request encrypted, after that."
        : string.Create(
            CultureInfo.InvariantCulture,
            $"This client states: request {RequestId} ({(IsWholeBodyEncrypted ? "whole body" : string.Join(", ", EncryptedMembers))}) and its answer were " +
                $"encrypted under secret {SecretId}, agreed with a deployment that had " +
                $"proved manifest {ManifestSha256} at {VerifiedAt:u}. In the clear: " +
                $"{(ClearMembers.Count == 0 ? "no member" : string.Join(", ", ClearMembers))}." +
                $"{(IsInsecureLoopback ? " The deployment was verified with test roots, which prove nothing about hardware." : "")}");

    private static void WriteNames(Utf8JsonWriter json, string name, IReadOnlyList<string> names)
    {
        json.WriteStartArray(name);
        foreach (string member in names)
        {
            json.WriteStringValue(member);
        }

        json.WriteEndArray();
    }

    private static string[] Names(JsonElement root, string name) =>
        [.. root.GetProperty(name).EnumerateArray().Select(member => member.GetString() ?? throw new FormatException(name))];

    private static string Text(JsonElement root, string name) => root.GetProperty(name).GetString() ?? throw new FormatException(name);
}
