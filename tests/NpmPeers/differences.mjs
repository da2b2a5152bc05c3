// Where a peer's verdict differs from the library's, and why. In each row the library refuses or reads what the peer does not, unless it says otherwise.
// A difference that is not here fails, and so does a row of the vectors that agree again.

const ofReports = [
    {
        cases: ["snp/turin-v5-vcek", "snp/turin-v5-vcek-oak"], ours: "accepted", theirs: /Reserved bits in current_tcb/,
        reason: "The peer supports Genoa only, and reads the TCB of Turin in the layout of Genoa.",
    },
    {
        cases: ["snp/milan-v3-vlek-vmpl1"], ours: "accepted", theirs: /only supports VCEK/,
        reason: "The peer does not support VLEKs.",
    },
    {
        cases: ["snp/genoa-v5-vcek-bergamo", "snp/genoa-v5-vcek-oak"], ours: "accepted", theirs: /Reserved bytes before signature/,
        reason: "The peer does not know the mitigation vectors of report version 5.",
    },
    {
        cases: ["snp/neg-sig-r-high-padding", "snp/neg-sig-s-high-padding"], ours: "snp-signature-padding", theirs: "accepted",
        reason: "The peer drops the upper bytes of r and s, which are not signed.",
    },
    {
        cases: ["snp/neg-extra-byte-1185"], ours: "snp-report-size", theirs: "accepted",
        reason: "The peer ignores bytes after the report.",
    },
];

/** By peer, for the vectors: the cases, the library's verdict, the peer's, and the reason. */
export const ofVectors = {
    phala: [
        {
            cases: ["tdx/neg-pck-crl-tampered", "tdx/syn-pckcrl-signed-by-root"], ours: "crl-signature", theirs: "UpToDate",
            reason: "The peer takes serial numbers from revocation lists without their signature.",
        },
        {
            cases: ["tdx/neg-crls-swapped", "tdx/syn-pckcrl-issuer-processor"], ours: "crl-issuer", theirs: "UpToDate",
            reason: "The peer does not check who issued a revocation list.",
        },
        {
            cases: ["tdx/neg-pck-crl-expired", "tdx/neg-root-crl-expired", "tdx/syn-pckcrl-expired"], ours: "crl-expired", theirs: "UpToDate",
            reason: "The peer does not check the dates of a revocation list.",
        },
        {
            cases: ["tdx/syn-rootcrl-serial-of-leaf"], ours: "UpToDate", theirs: "Certificate is revoked",
            reason: "The peer looks for each serial number in all lists. Serial numbers are unique only for one issuer (RFC 5280, section 5.3.3).",
        },
        {
            cases: ["tdx/neg-cdtype-5"], ours: "tdx-quote-certification-type", theirs: "UpToDate",
            reason: "The peer reads the outer certification data as type 6, whatever type it states.",
        },
        {
            cases: ["tdx/neg-siglen-plus-70"], ours: "tdx-quote-certification-length", theirs: "UpToDate",
            reason: "The peer ignores bytes inside the signature data that belong to no part. None of them is signed.",
        },
        {
            cases: ["tdx/neg-chain-root-missing"], ours: "tdx-pck-chain", theirs: "UpToDate",
            reason: "The peer verifies the CA with its own root. The library requires the chain of three that Intel specifies.",
        },
        {
            cases: ["tdx/syn-pckca-not-ca"], ours: "certificate-authority", theirs: "UpToDate",
            reason: "The peer does not check basic constraints of an issuer (RFC 5280, section 6.1.4).",
        },
        {
            cases: ["tdx/syn-tcbinfo-signed-by-pck-leaf"], ours: "tdx-tcb-info-chain", theirs: "UpToDate",
            reason: "The peer accepts any certificate under Intel's root as the signer of TCB info.",
        },
        {
            cases: ["tdx/syn-qeid-signed-by-pck-leaf"], ours: "tdx-qe-identity-chain", theirs: "UpToDate",
            reason: "The peer accepts any certificate under Intel's root as the signer of a QE identity.",
        },
        {
            cases: ["tdx/syn-pceid"], ours: "tdx-tcb-info-pce-id", theirs: "UpToDate",
            reason: "The peer compares the FMSPC of the TCB info with that of the platform, but not the PCE ID.",
        },
        {
            cases: ["tdx/syn-qe-version-3"], ours: "tdx-qe-identity-kind", theirs: "UpToDate",
            reason: "The peer accepts version 3 of the QE identity; Intel's library refuses it.",
        },
        {
            cases: ["tdx/syn-module-below-all"], ours: "tdx-module-level", theirs: "UpToDate",
            reason: "The peer does not evaluate the identities of TDX modules.",
        },
        {
            cases: ["tdx/syn-module-identity-missing", "tdx/syn-module-identities-absent"], ours: "tdx-module-identity", theirs: "UpToDate",
            reason: "The peer does not evaluate the identities of TDX modules.",
        },
        {
            cases: ["tdx/syn-module-outofdate"], ours: "OutOfDate", theirs: "UpToDate",
            reason: "The peer does not evaluate the identities of TDX modules.",
        },
        {
            cases: ["tdx/syn-mrsignerseam-mismatch"], ours: "tdx-module-signer", theirs: "UpToDate",
            reason: "The peer does not compare the signer of the TDX module.",
        },
        {
            cases: ["tdx/syn-seamattributes-nonzero"], ours: "tdx-module-attributes", theirs: "UpToDate",
            reason: "The peer does not compare the attributes of the TDX module.",
        },
        {
            cases: ["tdx/v4-00806f-gcp-uptodate"], ours: "UpToDate", theirs: "OutOfDate",
            reason: "The peer compares bytes 0 and 1 of TEE_TCB_SVN with the platform's levels. From module version 1 on they are the module's.",
        },
        {
            cases: ["tdx/v4-00806f-azure-outofdate"], ours: "OutOfDate", theirs: "No matching TCB level found",
            reason: "The same two bytes: the peer finds no level.",
        },
        {
            cases: ["tdx/syn-module-svn-skip"], ours: "UpToDate", theirs: "No matching TCB level found",
            reason: "The same two bytes: the peer finds no level.",
        },
        {
            cases: ["tdx/syn-tcb-level-order"], ours: "UpToDate", theirs: "OutOfDate",
            reason: "The peer takes the first level of the document that fits; Intel's library sorts the levels first.",
        },
        {
            cases: ["tdx/syn-v5-relaunch-advised"], ours: "TDRelaunchAdvised", theirs: "OutOfDate",
            reason: "The peer does not evaluate TEE_TCB_SVN_2. Neither status is accepted by the library's policy.",
        },
    ],
    tinfoil: [
        ...ofReports,
        {
            cases: ["snp/milan-v3-vcek", "snp/milan-v3-vcek-oak", "snp/milan-v2-vcek-nodebug"],
            ours: "accepted", theirs: /only supports AMD EPYC Genoa|must be "Genoa"/,
            reason: "The peer supports Genoa only.",
        },
        {
            cases: ["snp/genoa-v3-azure-crl"], ours: "accepted", theirs: /TSME .* is required/,
            reason: "The peer's policy requires TSME; the library's takes platform features from the manifest.",
        },
    ],
    tinfoilParts: [
        ...ofReports,
        {
            cases: ["snp/neg-forged-root"], ours: "snp-trust-anchor", theirs: "accepted",
            reason: "The parts of the peer take the root that they are given. The package as a whole has AMD's built in, and refuses this case too.",
        },
        {
            cases: ["snp/genoa-v3-azure-crl-expired", "snp/syn-crl-expired"], ours: "crl-expired", theirs: "accepted",
            reason: "The peer has no revocation lists.",
        },
        {
            cases: ["snp/genoa-v3-crl-tampered", "snp/syn-crl-signed-by-ask"], ours: "crl-signature", theirs: "accepted",
            reason: "The peer has no revocation lists.",
        },
        {
            cases: ["snp/genoa-v3-crl-wrong-issuer"], ours: "crl-issuer", theirs: "accepted",
            reason: "The peer has no revocation lists.",
        },
        {
            cases: ["snp/syn-crl-ask-revoked"], ours: "certificate-revoked", theirs: "accepted",
            reason: "The peer has no revocation lists.",
        },
        {
            cases: ["snp/syn-provisional-fw"], ours: "accepted", theirs: /This may indicate provisional firmware/,
            reason: "The peer refuses firmware that can still be rolled back. The library requires the minimum TCB of the manifest of what is running.",
        },
        {
            cases: ["snp/syn-vcek-hwid-octetstring"], ours: "accepted", theirs: /Missing or malformed hardware ID/,
            reason: "The peer takes the hardware ID only without an OCTET STRING of its own around it. Both forms occur.",
        },
    ],
};

/** The cases whose bits and times are changed. */
export const genuine = [
    "tdx/v4-b0c06f-uptodate", "tdx/v5-td15-90c06f-uptodate-cdai", "tdx/syn-baseline-uptodate", "tdx/syn-v5-td15", "snp/genoa-v3-vcek", "snp/syn-baseline",
];

/** For one changed bit: the parts, the library's verdict, the peer's, and the reason. */
export const ofFlips = {
    phala: [
        {
            parts: ["pckCrl", "rootCrl"], ours: /^crl-(algorithm|format|issuer|scope|signature|expired|not-yet-valid)$/, theirs: "UpToDate",
            reason: "The peer takes serial numbers from revocation lists, without signature, issuer and dates, and ignores lists that it cannot read.",
        },
        {
            parts: ["quote"], ours: /^tdx-quote-certification-(type|length)$/, theirs: "UpToDate",
            reason: "The peer reads the outer certification data as type 6, whatever type it states, and ignores bytes that belong to no part.",
        },
        {
            parts: ["quote"], ours: /^tdx-(pck-chain|quote-pck-length)$/, theirs: "UpToDate",
            reason: "The bit is in the PEM of the chain, outside of base64 or in the root, which the peer replaces with its own.",
        },
        {
            parts: ["tcbInfoChain", "qeIdentityChain"], ours: /^tdx-(tcb-info|qe-identity)-chain$/, theirs: "UpToDate",
            reason: "The bit is in the PEM of the chain, outside of base64.",
        },
    ],
    tinfoilParts: [
        {
            parts: ["report"], ours: "snp-signature-padding", theirs: "accepted",
            reason: "The peer drops the upper bytes of r and s.",
        },
        {
            parts: ["vek", "intermediate", "root"], ours: "certificate-algorithm", theirs: "accepted",
            reason: "The peer does not compare the two signature algorithms of a certificate (RFC 5280, section 4.1.1.2).",
        },
        {
            parts: ["intermediate", "root"], ours: "certificate-pem-format", theirs: "accepted",
            reason: "The bit is in the PEM, outside of base64, which the driver of the peer skips.",
        },
        {
            parts: ["vek", "intermediate", "root"], ours: "certificate-format", theirs: "accepted",
            reason: "The peer accepts lengths and types that are not DER, outside of what is signed.",
        },
    ],
};

/** For other times. */
export const ofTimes = {
    phala: [
        {
            ours: /^crl-(expired|not-yet-valid)$/, theirs: "UpToDate",
            reason: "The peer does not check the dates of a revocation list.",
        },
    ],
    tinfoilParts: [],
};
