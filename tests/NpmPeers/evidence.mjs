// The evidence vectors: ours, which are committed, and those of third parties if this machine has them.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const repository = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const committed = join(repository, "tests", "Privatemode.AI.Tests", "Vectors", "tee");
const shared = process.env.PRIVATEMODE_VECTORS || join(repository, "..", "shared", "vectors");

/** Whether the vectors of third parties are there. */
export const hasThirdParty = existsSync(join(shared, "tee", "MANIFEST.json"));
const folder = hasThirdParty ? join(shared, "tee") : committed;
const manifests = hasThirdParty ? [join(folder, "MANIFEST.json")] : [join(folder, "snp", "MANIFEST.json"), join(folder, "tdx", "MANIFEST.json")];
const cases = manifests.flatMap((path) => JSON.parse(readFileSync(path)).cases);
const read = (path) => (path ? readFileSync(join(folder, path)) : undefined);

// Quotes that came without collateral get that of their platform, or of another one, which both sides must notice.
const collateralOwner = "tdx/v4-b0c06f-uptodate";

/** Evidence and its collateral, in bytes. Mutations copy it. */
export const tdxCases = cases.filter(({ id }) => id.startsWith("tdx/")).map((item) => {
    const files = item.files.tcbInfo ? item.files : { ...cases.find(({ id }) => id === collateralOwner).files, quote: item.files.quote };
    return {
        id: item.id,
        at: Date.parse(item.verifyAt) / 1000,
        expected: item.expected,
        trustedRoot: read(item.trustRootForThisCase),
        quote: read(files.quote),
        tcbInfo: read(files.tcbInfo),
        tcbInfoChain: read(files.tcbChain),
        qeIdentity: read(files.qeIdentity),
        qeIdentityChain: read(files.qeChain),
        pckCrl: read(files.pckCrl),
        rootCrl: read(files.rootCrl),
    };
});

export const snpCases = cases.filter(({ id, files }) => id.startsWith("snp/") && files.vek).map((item) => ({
    id: item.id,
    at: Date.parse(item.verifyAt) / 1000,
    expected: item.expected,
    product: item.product,
    trustedRoot: read(item.trustRootForThisCase),
    report: read(item.files.report),
    vek: read(item.files.vek),
    intermediate: read(item.files.intermediate),
    root: read(item.files.root),
    crl: read(item.files.crl),
}));

// The quotes and the report of the vectors for Contrast, at a time when the collateral and all certificates are valid.
if (hasThirdParty) {
    const contrast = (path) => readFileSync(join(shared, "contrast", path));
    const owner = tdxCases.find(({ id }) => id === collateralOwner);
    for (const name of ["contrast-tdx-quote.raw.bin", "tdx_prod_quote_SPR_E4.dat"]) {
        tdxCases.push({ ...owner, id: `contrast/${name}`, at: Date.parse("2025-07-10") / 1000, quote: contrast(`tdx/${name}`) });
    }
    const milan = snpCases.find(({ id }) => id === "snp/milan-v2-vcek-nodebug");
    snpCases.push({ ...milan, id: "contrast/milan-v2", report: contrast("snp/milan-v2.report.bin"), vek: contrast("snp/milan-v2.vcek.der") });
}

/** A copy in which one bit of one part is another. */
export function flipped(item, part, bit) {
    const bytes = Buffer.from(item[part]);
    bytes[bit >> 3] ^= 1 << (bit & 7);
    return { ...item, id: `${item.id} ${part} bit ${bit}`, [part]: bytes };
}
