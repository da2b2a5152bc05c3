using System.Formats.Asn1;

namespace Privatemode.AI.Testing.Evidence.Certificates;

/// <summary>Names as AMD and Intel write them, DER.</summary>
internal static class DistinguishedName
{
    private const string CommonName = "2.5.4.3";
    private const string Country = "2.5.4.6";
    private const string Locality = "2.5.4.7";
    private const string State = "2.5.4.8";
    private const string Organization = "2.5.4.10";
    private const string OrganizationalUnit = "2.5.4.11";

    public static byte[] Amd(string commonName) => Write(
        (OrganizationalUnit, "Engineering"), (Country, "US"), (Locality, "Santa Clara"), (State, "CA"),
        (Organization, "Advanced Micro Devices"), (CommonName, commonName));

    public static byte[] Intel(string commonName) => Write(
        (CommonName, commonName), (Organization, "Intel Corporation"), (Locality, "Santa Clara"), (State, "CA"), (Country, "US"));

    public static byte[] Plain(string commonName) => Write((CommonName, commonName));

    private static byte[] Write(params ReadOnlySpan<(string Oid, string Value)> attributes)
    {
        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            foreach ((string oid, string value) in attributes)
            {
                using (writer.PushSetOf())
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier(oid);
                    writer.WriteCharacterString(oid == Country ? UniversalTagNumber.PrintableString : UniversalTagNumber.UTF8String, value);
                }
            }
        }

        return writer.Encode();
    }
}
