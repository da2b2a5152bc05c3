using System.Buffers.Binary;
using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Internal;
using Privatemode.AI.KeyExchange.Hpke;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Sessions;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Architecture;

/// <summary>Constants, tables and examples of docs/protocol.md are those of the code and of the committed vectors.</summary>
public sealed partial class ProtocolDocumentTests
{
    private const int MaxLines = 200;

    private const BindingFlags AnyStatic = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;

    private static readonly string[] Lines = File.ReadAllLines(Path.Combine(RepositoryFiles.Root, "docs", "protocol.md"));

    private static readonly Type[] Types = typeof(PrivatemodeClient).Assembly.GetTypes();

    [Fact]
    public void Constants_AreThoseOfTheCode()
    {
        string[][] rows = [.. Rows("Constants")];
        Assert.Equal(19, rows.Length);
        foreach (string[] row in rows)
        {
            string[] sources = [.. Code().Matches(row[2]).Select(match => match.Groups[1].Value)];
            Assert.Equal(row[1].Split(", "), sources.Select((source, i) => TextOf(ValueOf(source), row[1].Split(", ")[i])));
        }
    }

    [Fact]
    public void Endpoints_AreThoseOfTheCode()
    {
        EndpointRule[] rules = [.. typeof(EndpointRules).GetProperties(AnyStatic).Select(property => property.GetValue(null)).OfType<EndpointRule>()];
        string[][] rows = [.. Rows("Hosts and endpoints").Where(row => row[0].StartsWith("`/", StringComparison.Ordinal))];
        Assert.Equal(
            rules.Where(rule => rule.SentAs is null)
                .Select(rule => $"{rule.Path} {KindOf(rule)} {NamesOf(rule.RequestClearNames!)} {NamesOf(rule.Answer!.Plain)}").Order(),
            rows.Select(row => $"{row[0].Trim('`')} {row[1]} {Names(row[2])} {Names(row[3])}").Order());
    }

    [Fact]
    public void Headers_AreThoseOfTheCode()
    {
        string[] onlyLocal = [ProtocolHeaders.Authenticated, ProtocolHeaders.LeftOutTools];
        IEnumerable<string> known = typeof(ProtocolHeaders).GetFields(AnyStatic).Where(field => field.IsLiteral)
            .Select(field => field.GetRawConstantValue()).OfType<string>()
            .Where(name => name.StartsWith("Privatemode-", StringComparison.Ordinal)).Except(onlyLocal);
        Assert.Equal(known.Append("Authorization").Order(), Rows("Headers").Select(row => row[0].Trim('`')).Order());
    }

    [Fact]
    public void Sources_Exist()
    {
        string[] names = [.. Sources().Matches(string.Join('\n', Lines)).SelectMany(match => Code().Matches(match.Value))
            .Select(match => match.Groups[1].Value)];
        Assert.Equal(13, names.Length);
        Assert.All(names, name => Assert.Contains(Types, type => type.Name == name));
    }

    [Fact]
    public void Document_IsShort() => Assert.InRange(Lines.Length, 1, MaxLines);

    [Fact]
    public void ReportData_OfTheExample_IsComputed()
    {
        Dictionary<string, string> example = Example("report data");
        byte[] manifest = Encoding.UTF8.GetBytes(example["manifest"]);
        byte[] nonce = Convert.FromHexString(example["nonce"]);
        byte[] transition = ReportData.NextTransition(SHA256.HashData(manifest), new byte[32]);
        Assert.Equal(example["transition"], Convert.ToHexStringLower(transition));
        Assert.Equal(example["report data"], Convert.ToHexStringLower(ReportData.Compute(
            nonce, [manifest], Encoding.UTF8.GetBytes(example["root CA"]), Encoding.UTF8.GetBytes(example["mesh CA"]))));
    }

    [Fact]
    public void KeySchedule_OfTheExample_IsThatOfTheVectors()
    {
        Dictionary<string, string> example = Example("exporter_secret");
        JsonElement vector = VectorFiles.Protocol("xwing_hpke.json").Items("cases")
            .Single(item => item.Text("xwing_shared_secret_hex") == example["shared secret"]);
        Assert.Equal(
            ["suite_id_hex", "psk_id_hash_hex", "info_hash_hex", "key_schedule_secret_hex", "exporter_secret_hex", "exported_secret_hex"],
            new[] { "suite_id", "psk_id_hash", "info_hash", "secret", "exporter_secret", "export" }
                .Select(name => vector.EnumerateObject().Single(member => member.Value.ToString() == example[name]).Name));
        using HpkeExportContext context = HpkeExportContext.ScheduleBase(HpkeSuite.Id, Convert.FromHexString(example["shared secret"]), []);
        byte[] exported = new byte[32];
        context.Export([], exported);
        Assert.Equal(example["export"], Convert.ToHexStringLower(exported));
    }

    [Fact]
    public void RequestValue_OfTheExample_IsThatOfTheVectors()
    {
        Dictionary<string, string> example = Example("body");
        AssertEncrypted(example);
        JsonElement vectors = VectorFiles.Protocol("json_mutation.json");
        Assert.Equal((example["secret"], example["ID"], example["nonce"]), (vectors.Text("secret_hex"), vectors.Text("secret_id"), vectors.Text("nonce_hex")));
        JsonElement vector = vectors.Items("cases").Single(item => item.Text("name") == "minimal chat");
        Assert.Equal(example["body"], vector.Text("encrypted_output"));
        Assert.Equal(example["IV"], vector.Items("ivs_hex").Single().GetString());
        Assert.Equal(example["body"], vector.Text("input").Replace(
            example["plaintext"], $"\"{example["ID"]}:{example["nonce"]}:{example["IV"]}:{example["ciphertext"]}\"", StringComparison.Ordinal));
    }

    [Fact]
    public void AnswerValue_OfTheExample_IsThatOfTheVectors()
    {
        Dictionary<string, string> example = Examples().Single(item => item.ContainsKey("ciphertext") && !item.ContainsKey("body"));
        AssertEncrypted(example);
        JsonElement exchange = VectorFiles.Protocol("request_cipher.json").Items("exchanges").Single(item => item.Text("nonce_hex") == example["nonce"]);
        JsonElement second = exchange.Items("response").ElementAt(1);
        Assert.Equal((example["secret"], example["number"], example["plaintext"]),
            (exchange.Text("secret_hex"), $"{second.Int("sequence")}", second.Text("plaintext")));
        Assert.EndsWith($":{example["nonce"]}:{example["IV"]}:{example["ciphertext"]}\"", second.Text("message"), StringComparison.Ordinal);
    }

    [Fact]
    public void GpuPolicyMac_OfTheExample_IsThatOfTheVectors()
    {
        Dictionary<string, string> example = Example("MAC");
        Assert.Equal(example["MAC"], GpuPolicyHeader.Mac(Convert.FromHexString(example["secret"]), example["policy"]));
        Assert.Contains(
            VectorFiles.Protocol("ocsp_policy.json").Items("build"), item => item.Text("policy") == example["policy"] && item.Text("mac") == example["MAC"]);
    }

    [Fact]
    public void ShardKey_OfTheExample_IsThatOfTheVectors()
    {
        Dictionary<string, string> example = Example("shard key");
        Assert.Equal(
            example["shard key"], ShardKey.OfContent(Encoding.UTF8.GetBytes(example["content"]), Encoding.UTF8.GetBytes(example["salt"])));
        Assert.Contains(VectorFiles.Protocol("shard_key.json").Items("content"), item =>
            item.TryGetProperty("shard_key", out JsonElement key) && key.GetString() == example["shard key"]
            && item.Int("content_bytes") == example["content"].Length);
    }

    private static void AssertEncrypted(Dictionary<string, string> example)
    {
        byte[] nonce = Convert.FromHexString(example["nonce"]);
        uint number = uint.Parse(example["number"], CultureInfo.InvariantCulture);
        byte[] additional = [.. nonce, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt32LittleEndian(additional.AsSpan(nonce.Length), number);
        Assert.Equal(example["additional"], Convert.ToHexStringLower(additional));
        byte[] plaintext = Encoding.UTF8.GetBytes(example["plaintext"]);
        byte[] ciphertext = new byte[plaintext.Length + FieldCipher.TagSize];
        using AesGcmKey key = AesGcmKey.Import(Convert.FromHexString(example["secret"]));
        using FieldCipher cipher = new(key, nonce);
        cipher.Encrypt(number, Convert.FromHexString(example["IV"]), plaintext, ciphertext);
        Assert.Equal(example["ciphertext"], Convert.ToHexStringLower(ciphertext));
    }

    private static string KindOf(EndpointRule rule) => rule.Body switch
    {
        BodyKind.Json => "JSON",
        BodyKind.Form => "form",
        _ => "whole",
    };

    private static string NamesOf(ClearNames names) =>
        string.Join(' ', ((byte[][])typeof(ClearNames).GetField("_names", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(names)!)
            .Select(Encoding.UTF8.GetString));

    private static string Names(string cell) => string.Join(' ', Code().Matches(cell).Select(match => match.Groups[1].Value));

    private static object? ValueOf(string source)
    {
        string[] parts = source.Split('.');
        FieldInfo? field = Types.Single(type => type.Name == parts[0]).GetField(parts[1], AnyStatic);
        Assert.True(field is not null, source);
        return field.GetValue(null);
    }

    /// <summary>A value in the form in which the document writes it.</summary>
    private static string TextOf(object? value, string expected) => value switch
    {
        string text => $"`{text}`",
        TimeSpan time => $"{time.TotalMinutes} minutes",
        ushort id => $"0x{id:x4}",
        _ => expected.EndsWith(" bytes", StringComparison.Ordinal) ? $"{value} bytes" : $"{value}",
    };

    /// <summary>The cells of the tables in a section, without their heads.</summary>
    private static IEnumerable<string[]> Rows(string section) =>
        Lines.SkipWhile(line => line != $"## {section}").Skip(1).TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal))
            .Where(line => line.StartsWith('|')).Select(line => line.Trim('|', ' ').Split(" | "))
            .Where(cells => cells[0] is not ("what" or "request" or "endpoint" or "header") && !cells[0].StartsWith("---", StringComparison.Ordinal));

    private static Dictionary<string, string> Example(string name) => Examples().Single(example => example.ContainsKey(name));

    /// <summary>The text blocks: a name, at least two spaces and a value on each line; an indented line continues the value.</summary>
    private static IEnumerable<Dictionary<string, string>> Examples()
    {
        Dictionary<string, string>? example = null;
        string last = "";
        foreach (string line in Lines)
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
            {
                if (example is { Count: > 0 })
                {
                    yield return example;
                }

                example = line.Length > 3 ? [] : null;
            }
            else if (example is not null && line.StartsWith(' '))
            {
                example[last] += line.Trim();
            }
            else if (example is not null)
            {
                Match match = NameAndValue().Match(line);
                last = match.Groups[1].Value;
                example.Add(last, match.Groups[2].Value);
            }
        }
    }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();

    /// <summary>Types in parentheses: names in backticks, and nothing else but commas.</summary>
    [GeneratedRegex(@"\(`\w+`(,\s+`\w+`)*\)")]
    private static partial Regex Sources();

    [GeneratedRegex(@"^(\S+(?: \S+)?)\s{2,}(.+)$")]
    private static partial Regex NameAndValue();
}
