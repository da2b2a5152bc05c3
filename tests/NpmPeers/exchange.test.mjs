// The key exchange: this library's client against two implementations of the secret service, and its test service against two clients.
import assert from "node:assert/strict";
import { createHash, createPrivateKey, randomBytes, sign, verify, X509Certificate } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { CipherSuite, ExportOnly, HkdfSha256 } from "@hpke/core";
import { XWing } from "@hpke/hybridkem-x-wing";
import { ml_kem768_x25519 as nobleXWing } from "@noble/post-quantum/hybrid.js";
import { ml_kem768 as nobleMlKem } from "@noble/post-quantum/ml-kem.js";
import { base64, bytesOf, rounds, startLibrary } from "./library.mjs";
import { exportSecret } from "./hpke.mjs";

const mlKemKeySize = 1184;
const mlKemCiphertextSize = 1088;
const hash = (...parts) => createHash("sha256").update(Buffer.concat(parts)).digest();

// HPKE as a package has it, and HPKE of this folder over another package's X-Wing.
const suite = new CipherSuite({ kem: new XWing(), kdf: new HkdfSha256(), aead: new ExportOnly() });
const peers = {
    "@hpke": {
        async encapsulate(publicKey) {
            const recipientPublicKey = await suite.kem.deserializePublicKey(publicKey);
            const sender = await suite.createSenderContext({ recipientPublicKey });
            return { enc: new Uint8Array(sender.enc), secret: new Uint8Array(await sender.export(new Uint8Array(), 32)) };
        },
        async decapsulate(seed, enc) {
            const recipientKey = await suite.kem.deserializePrivateKey(seed);
            const recipient = await suite.createRecipientContext({ recipientKey, enc });
            return new Uint8Array(await recipient.export(new Uint8Array(), 32));
        },
        async publicKey(seed) {
            const pair = await suite.kem.generateKeyPairDerand(new Uint8Array(seed));
            return new Uint8Array(await suite.kem.serializePublicKey(pair.publicKey));
        },
    },
    "@noble": {
        async encapsulate(publicKey) {
            const { cipherText, sharedSecret } = nobleXWing.encapsulate(publicKey);
            return { enc: cipherText, secret: exportSecret(sharedSecret) };
        },
        async decapsulate(seed, enc) {
            return exportSecret(nobleXWing.decapsulate(enc, seed));
        },
        async publicKey(seed) {
            return nobleXWing.keygen(seed).publicKey;
        },
    },
};

// The points of X25519 whose order divides 8, and the same values above the prime, with and without bit 255 (RFC 7748, section 6.1).
const smallOrder = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
].flatMap((text) => {
    const point = Buffer.from(text, "hex");
    const withBit = Buffer.from(point);
    withBit[31] |= 0x80;
    return [point, withBit];
});

describe("Key exchange", () => {
    let library, mesh, key, leaf;
    before(async () => {
        library = startLibrary();
        mesh = await library.run("mesh");
        key = createPrivateKey({ key: Buffer.from(mesh.key, "base64"), format: "der", type: "pkcs8" });
        leaf = new X509Certificate(Buffer.from(mesh.certificate, "base64"));
    });
    after(() => library.stop());

    /** The answer of a secret service that is not ours. */
    function answer(publicKey, enc, { signed = Buffer.concat([publicKey, enc]), certificate = mesh.certificate } = {}) {
        return JSON.stringify({ EncapsulatedKey: base64(enc), Signature: base64(sign("sha256", signed, key)), MeshCert: certificate });
    }

    const start = async (fields) => {
        const { exchange, body } = await library.run("start", fields);
        assert.match(body, /^\{"PublicKey":"[A-Za-z0-9+/]+={0,2}"\}$/);
        return { exchange, publicKey: bytesOf(JSON.parse(body).PublicKey) };
    };
    const finish = (exchange, body) => library.ask("finish", { exchange, body, authority: mesh.authority });

    for (const [name, peer] of Object.entries(peers)) {
        test(`${rounds} exchanges of the library's client with ${name}`, async () => {
            for (let i = 0; i < rounds; i++) {
                const { exchange, publicKey } = await start();
                const { enc, secret } = await peer.encapsulate(publicKey);
                const { result } = await finish(exchange, answer(publicKey, enc));
                assert.deepEqual(result, { secret: base64(secret), id: hash(publicKey).toString("base64") });
            }
        });

        test(`${rounds} exchanges of ${name} with the library's test service`, async () => {
            for (let i = 0; i < rounds; i++) {
                const seed = new Uint8Array(randomBytes(32));
                const publicKey = await peer.publicKey(seed);
                const reply = await library.run("respond", { ...mesh, body: JSON.stringify({ PublicKey: base64(publicKey) }) });
                const { EncapsulatedKey, Signature, MeshCert } = JSON.parse(reply.body);
                const enc = bytesOf(EncapsulatedKey);
                assert.equal(MeshCert, mesh.certificate);
                assert.ok(verify("sha256", Buffer.concat([publicKey, enc]), leaf.publicKey, bytesOf(Signature)));
                assert.equal(reply.secret, base64(await peer.decapsulate(seed, enc)));
                assert.equal(reply.id, hash(publicKey).toString("base64"));
            }
        });

        test(`keys of ${name} from seeds, and damaged ML-KEM ciphertexts`, async () => {
            for (const provider of ["default", "bouncycastle"]) {
                for (let i = 0; i < rounds / 4; i++) {
                    const seed = new Uint8Array(randomBytes(32));
                    const { exchange, publicKey } = await start({ seed: base64(seed), provider });
                    assert.deepEqual(publicKey, await peer.publicKey(seed));
                    // A damaged ML-KEM part gives another secret, the same one everywhere (FIPS 203, Algorithm 18: implicit rejection).
                    const { enc, secret } = await peer.encapsulate(publicKey);
                    enc[Math.floor(Math.random() * mlKemCiphertextSize)] ^= 1 << (i % 8);
                    const { result } = await finish(exchange, answer(publicKey, enc));
                    assert.equal(result.secret, base64(await peer.decapsulate(seed, enc)));
                    assert.notEqual(result.secret, base64(secret));
                }
            }
        });

        test(`a small-order X25519 share is refused by the library and by ${name}`, async () => {
            for (const point of smallOrder) {
                const seed = new Uint8Array(randomBytes(32));
                const { exchange, publicKey } = await start({ seed: base64(seed), provider: "default" });
                const { enc } = await peer.encapsulate(publicKey);
                enc.set(point, mlKemCiphertextSize);
                assert.equal((await finish(exchange, answer(publicKey, enc))).refused, "encapsulated-key", point.toString("hex"));
                await assert.rejects(peer.decapsulate(seed, enc), undefined, point.toString("hex"));

                // In a public key: the service must refuse it.
                const ours = publicKey.slice();
                ours.set(point, mlKemKeySize);
                assert.equal((await respond(ours)).refused, "public-key", point.toString("hex"));
                await assert.rejects(peer.encapsulate(ours), undefined, point.toString("hex"));
            }
        });

        test(`lengths are checked by the library and by ${name}`, async () => {
            for (const size of [0, 1, 1087, 1088, 1119, 1121, 1216, 2240]) {
                const seed = new Uint8Array(randomBytes(32));
                const { exchange, publicKey } = await start({ seed: base64(seed), provider: "default" });
                const enc = new Uint8Array(randomBytes(size));
                assert.equal((await finish(exchange, answer(publicKey, enc))).refused, "encapsulated-key", `${size}`);
                await assert.rejects(peer.decapsulate(seed, enc), undefined, `${size}`);
            }

            for (const size of [0, 1, 1184, 1215, 1217, 1120, 2432]) {
                const publicKey = new Uint8Array(size);
                assert.equal((await respond(publicKey)).refused, "public-key", `${size}`);
                await assert.rejects(peer.encapsulate(publicKey), undefined, `${size}`);
            }
        });

        test(`ML-KEM keys with a coefficient of at least q are refused by the library's test service and by ${name}`, async () => {
            for (let i = 0; i < rounds / 4; i++) {
                const publicKey = (await start()).publicKey;
                setCoefficient(publicKey, i % 768, 3329 + (i % (4096 - 3329)));
                assert.throws(() => nobleMlKem.encapsulate(publicKey.subarray(0, mlKemKeySize)));
                assert.equal((await respond(publicKey)).refused, "public-key");
                await assert.rejects(peer.encapsulate(publicKey));
            }
        });
    }

    test("only the signature of the secret service over both keys is accepted", async () => {
        const { encapsulate } = peers["@noble"];
        const attempt = async (change) => {
            const { exchange, publicKey } = await start();
            const { enc } = await encapsulate(publicKey);
            return (await finish(exchange, change(publicKey, enc))).refused;
        };
        assert.equal(await attempt((publicKey, enc) => answer(publicKey, enc)), undefined);
        assert.equal(await attempt((publicKey, enc) => answer(publicKey, enc, { signed: enc })), "mesh-signature");
        assert.equal(await attempt((publicKey, enc) => answer(publicKey, enc, { signed: Buffer.concat([enc, publicKey]) })), "mesh-signature");
        assert.equal(await attempt((publicKey, enc) => answer(publicKey, enc, { signed: hash(publicKey, enc) })), "mesh-signature");
        assert.equal(await attempt((publicKey, enc) => answer(publicKey, enc, { signed: Buffer.concat([publicKey, randomBytes(1120)]) })), "mesh-signature");
        const other = await library.run("mesh");
        assert.match(await attempt((publicKey, enc) => answer(publicKey, enc, { certificate: other.certificate })), /^mesh-certificate-(issuer|signature)$/);
    });

    const respond = (publicKey) => library.ask("respond", { ...mesh, body: JSON.stringify({ PublicKey: base64(publicKey) }) });
});

/** Sets one of the 768 coefficients of 12 bits (FIPS 203, Algorithm 5: ByteEncode). */
function setCoefficient(publicKey, index, value) {
    const at = Math.floor(index / 2) * 3;
    if (index % 2 === 0) {
        publicKey[at] = value & 0xff;
        publicKey[at + 1] = (publicKey[at + 1] & 0xf0) | (value >> 8);
    } else {
        publicKey[at + 1] = (publicKey[at + 1] & 0x0f) | ((value & 0x0f) << 4);
        publicKey[at + 2] = value >> 4;
    }
}
