// What the library and the peers make of evidence: {accepted: what was read} or {refused: the reason}.
import { gzipSync } from "node:zlib";
import { QuoteVerifier } from "@phala/dcap-qvl";
import { verifyAttestation } from "@tinfoilsh/verifier";
import { base64 } from "./library.mjs";

// The package of Tinfoil exports only its check of whole documents, with AMD's keys for Genoa built in and the time of the machine. Its parts are read by
// path, so that they can be given other keys.
const tinfoil = import.meta.resolve("@tinfoilsh/verifier");
const part = (path) => import(new URL(path, tinfoil));
const [{ Report }, { CertificateChain }, { verifyAttestation: verifyChain }, { validateReport, defaultValidationOptions }] = await Promise.all(
    ["./sev/report.js", "./sev/cert-chain.js", "./sev/verify.js", "./sev/validation.js"].map(part),
);
const { X509Certificate } = await import("@freedomofpress/sigstore-browser");

const binary = new Set(["quote", "tcbInfo", "tcbInfoChain", "qeIdentity", "qeIdentityChain", "pckCrl", "rootCrl", "report", "vek", "intermediate", "root",
    "crl", "trustedRoot"]);

/** The library's verdict: the command is "tdx" or "snp". */
export async function ofLibrary(library, command, item) {
    const fields = Object.entries(item).filter(([, value]) => value !== undefined);
    const { result, refused } = await library.ask(
        command, Object.fromEntries(fields.map(([name, value]) => [name, binary.has(name) ? base64(value) : value])));
    return refused ? { refused } : { accepted: result };
}

/** The verdict of @phala/dcap-qvl about a quote with its collateral. */
export function ofPhala(item) {
    try {
        const [tcbInfo, tcbInfoSignature] = signedPart(item.tcbInfo, "tcbInfo");
        const [qeIdentity, qeIdentitySignature] = signedPart(item.qeIdentity, "enclaveIdentity");
        const collateral = {
            tcb_info: tcbInfo,
            tcb_info_signature: tcbInfoSignature,
            tcb_info_issuer_chain: item.tcbInfoChain.toString("latin1"),
            qe_identity: qeIdentity,
            qe_identity_signature: qeIdentitySignature,
            qe_identity_issuer_chain: item.qeIdentityChain.toString("latin1"),
            root_ca_crl: item.rootCrl,
            pck_crl: item.pckCrl,
        };
        const verifier = item.trustedRoot ? QuoteVerifier.newWithRootCa(der(item.trustedRoot)) : QuoteVerifier.newProd();
        const verified = verifier.verify(item.quote, collateral, item.at);
        const report = verified.report.asTd10();
        return {
            accepted: {
                status: verified.status,
                advisories: verified.advisory_ids,
                reportData: base64(report.reportData),
                mrTd: base64(report.mrTd),
            },
        };
    } catch (error) {
        return { refused: error.message };
    }
}

/** The text of the signed member of Intel's document, as it stands, and the signature. */
function signedPart(bytes, name) {
    const pattern = `^\\s*\\{\\s*"${name}"\\s*:\\s*(\\{.*\\})\\s*,\\s*"signature"\\s*:\\s*"([0-9a-fA-F]*)"\\s*\\}\\s*$`;
    const match = new RegExp(pattern, "s").exec(bytes.toString("utf8"));
    if (!match) {
        throw new Error(`Not a signed ${name}`);
    }
    return [match[1], match[2]];
}

/** The verdict of the function that @tinfoilsh/verifier exports, at a time. */
export const ofTinfoil = (item) => atTime(item.at, async () => {
    const document = { format: "https://tinfoil.sh/predicate/sev-snp-guest/v2", body: gzipSync(item.report).toString("base64") };
    const { measurement } = await verifyAttestation(document, base64(item.vek));
    return { measurement: Buffer.from(measurement.registers[0], "hex").toString("base64") };
});

/** The verdict of its parts: the root, the intermediate and the product are those of the case, and minimum versions and platform features are left out. */
export const ofTinfoilParts = (item) => atTime(item.at, async () => {
    const report = new Report(new Uint8Array(item.report));
    const [ark, ask, vcek] = [item.root, item.intermediate, item.vek].map((bytes) => X509Certificate.parse(new Uint8Array(der(bytes))));
    const chain = new (item.product === "Genoa" ? CertificateChain : ChainOfAnotherProduct)(ark, ask, vcek);
    await verifyChain(chain, report);
    validateReport(report, chain, { guestPolicy: defaultValidationOptions.guestPolicy, permitProvisionalFirmware: false });
    return { measurement: base64(report.measurement), reportData: base64(report.reportData), chipId: base64(report.chipId) };
});

/** The names in certificates that the package compares are those of Genoa. */
class ChainOfAnotherProduct extends CertificateChain {
    validateArkFormat() {}
    validateAskFormat() {}
    validateVcekFormat() {}
}

async function atTime(seconds, verify) {
    const RealDate = Date;
    globalThis.Date = class extends RealDate {
        constructor(...given) {
            super(...(given.length === 0 ? [seconds * 1000] : given));
        }
    };
    try {
        return { accepted: await verify() };
    } catch (error) {
        const reasons = [];
        for (let reason = error; reason; reason = reason.cause) {
            reasons.push(reason.message);
        }
        return { refused: reasons.join(": ") };
    } finally {
        globalThis.Date = RealDate;
    }
}

function der(bytes) {
    const text = Buffer.from(bytes).toString("latin1");
    return text.startsWith("-----") ? Buffer.from(text.replace(/-----[A-Z ]+-----|\s/g, ""), "base64") : Buffer.from(bytes);
}
