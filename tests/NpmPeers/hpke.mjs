// HPKE's export (RFC 9180) in the suite of the protocol, with Node's own cryptography: base mode, empty info, KEM 0x647a, KDF 0x0001, AEAD 0xffff.
import { createHmac } from "node:crypto";

const suiteId = Buffer.concat([Buffer.from("HPKE"), Buffer.from([0x64, 0x7a, 0x00, 0x01, 0xff, 0xff])]);
const version = Buffer.from("HPKE-v1");
const hmac = (key, ...parts) => createHmac("sha256", key).update(Buffer.concat(parts)).digest();

function labeledExtract(salt, label, ikm) {
    return hmac(salt.length === 0 ? Buffer.alloc(32) : salt, version, suiteId, Buffer.from(label), ikm);
}

/** For at most 32 bytes: one block of HKDF-Expand. */
function labeledExpand(prk, label, info, length) {
    const size = Buffer.from([length >> 8, length & 0xff]);
    return hmac(prk, size, version, suiteId, Buffer.from(label), info, Buffer.from([1])).subarray(0, length);
}

/** The 32 bytes that both sides export with an empty context. */
export function exportSecret(sharedSecret) {
    const none = Buffer.alloc(0);
    const context = Buffer.concat([Buffer.from([0]), labeledExtract(none, "psk_id_hash", none), labeledExtract(none, "info_hash", none)]);
    const secret = labeledExtract(sharedSecret, "secret", none);
    return new Uint8Array(labeledExpand(labeledExpand(secret, "exp", context, 32), "sec", none, 32));
}
