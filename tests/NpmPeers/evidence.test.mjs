// Verdicts about evidence: the library's, and those of @phala/dcap-qvl (TDX) and @tinfoilsh/verifier (SEV-SNP).
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { after, before, describe, test } from "node:test";
import * as differences from "./differences.mjs";
import { flipped, hasThirdParty, snpCases, tdxCases } from "./evidence.mjs";
import { rounds, startLibrary } from "./library.mjs";
import { ofLibrary, ofPhala, ofTinfoil, ofTinfoilParts } from "./verdicts.mjs";

const summary = ({ accepted, refused }) => refused ?? accepted.status ?? "accepted";
const flips = Math.max(1, Math.round(rounds / 5));

/** Whether two verdicts agree: both refuse, or both accept and read the same. */
function agree(ours, theirs) {
    if (ours.refused || theirs.refused) {
        return Boolean(ours.refused) === Boolean(theirs.refused);
    }
    return Object.entries(theirs.accepted).every(([name, value]) =>
        Array.isArray(value) ? value.toSorted().join() === ours.accepted[name].toSorted().join() : value === ours.accepted[name]);
}

const matches = (rule, text) => (rule instanceof RegExp ? rule.test(text) : rule === text);

/** The row that explains a difference, or undefined. */
const rowOf = (rows, ours, theirs, where) =>
    rows.find((row) => where(row) && matches(row.ours, summary(ours)) && matches(row.theirs, summary(theirs)));

const describeDifference = (id, ours, theirs) => `${id}: the library says "${summary(ours)}", the peer "${summary(theirs)}"`;

describe("Evidence", () => {
    let library;
    before(() => (library = startLibrary()));
    after(() => library.stop());

    test("the vectors of third parties", { skip: hasThirdParty ? false : "PRIVATEMODE_VECTORS is not set: only the committed vectors are compared" }, () => {
        assert.ok(tdxCases.length > 100 && snpCases.length > 50);
    });

    /** Compares all cases, and requires that each row of the differences still is one. */
    async function compare(cases, command, peer, rows) {
        const unexplained = [];
        const stale = new Set(rows.flatMap((row) => row.cases).filter((id) => cases.some((item) => item.id === id)));
        let agreed = 0;
        for (const item of cases) {
            const ours = await ofLibrary(library, command, item);
            const theirs = await peer(item);
            if (agree(ours, theirs)) {
                agreed++;
            } else if (rowOf(rows, ours, theirs, (row) => row.cases.includes(item.id))) {
                stale.delete(item.id);
            } else {
                unexplained.push(describeDifference(item.id, ours, theirs));
            }
        }
        assert.deepEqual(unexplained, []);
        assert.deepEqual([...stale], [], "These cases are listed as different, but agree.");
        console.log(`${agreed} of ${cases.length} agree, the others are explained`);
    }

    test("@phala/dcap-qvl agrees about all quotes, or differs for a known reason", () => compare(tdxCases, "tdx", ofPhala, differences.ofVectors.phala));

    // The keys of the peer are AMD's: for vectors with keys of their own, both sides must refuse.
    test("@tinfoilsh/verifier agrees about all reports, or differs for a known reason", () =>
        compare(snpCases.map((item) => ({ ...item, trustedRoot: undefined })), "snp", ofTinfoil, differences.ofVectors.tinfoil));

    test("the parts of @tinfoilsh/verifier agree about all reports under the keys of the vectors", () =>
        compare(snpCases, "snp", ofTinfoilParts, differences.ofVectors.tinfoilParts));

    const partsOfTdx = ["quote", "tcbInfo", "tcbInfoChain", "qeIdentity", "qeIdentityChain", "pckCrl", "rootCrl"];
    for (const [name, cases, command, parts, peers] of [
        ["quotes and collateral", tdxCases, "tdx", partsOfTdx, { phala: ofPhala }],
        ["reports and certificates", snpCases, "snp", ["report", "vek", "intermediate", "root"], { tinfoilParts: ofTinfoilParts }],
    ]) {
        test(`one bit anywhere in ${name}`, async () => {
            const unexplained = [];
            for (const item of cases.filter(({ id }) => differences.genuine.includes(id))) {
                const base = withoutRevocation(item);
                for (const part of parts) {
                    for (let i = 0; i < flips; i++) {
                        const changed = flipped(base, part, randomInt(base[part].length * 8));
                        const ours = await ofLibrary(library, command, changed);
                        for (const [peerName, peer] of Object.entries(peers)) {
                            const theirs = await peer(changed);
                            if (!agree(ours, theirs) && !rowOf(differences.ofFlips[peerName], ours, theirs, (row) => row.parts.includes(part))) {
                                unexplained.push(describeDifference(changed.id, ours, theirs));
                            }
                        }
                    }
                }
            }
            assert.deepEqual(unexplained, []);
        });
    }

    test("any time", async () => {
        const unexplained = [];
        for (const [cases, command, peers] of [[tdxCases, "tdx", { phala: ofPhala }], [snpCases, "snp", { tinfoilParts: ofTinfoilParts }]]) {
            for (const item of cases.filter(({ id }) => differences.genuine.includes(id))) {
                for (let i = 0; i < flips; i++) {
                    // Around the case by seconds, days and decades.
                    const at = item.at + randomInt(-100, 101) * [1, 3600, 86_400, 30 * 86_400][i % 4];
                    const changed = { ...withoutRevocation(item), at, id: `${item.id} at ${new Date(at * 1000).toISOString()}` };
                    const ours = await ofLibrary(library, command, changed);
                    for (const [peerName, peer] of Object.entries(peers)) {
                        const theirs = await peer(changed);
                        if (!agree(ours, theirs) && !rowOf(differences.ofTimes[peerName], ours, theirs, () => true)) {
                            unexplained.push(describeDifference(changed.id, ours, theirs));
                        }
                    }
                }
            }
        }
        assert.deepEqual(unexplained, []);
    });
});

// The peer for reports has no revocation lists.
const withoutRevocation = (item) => ({ ...item, crl: undefined });
