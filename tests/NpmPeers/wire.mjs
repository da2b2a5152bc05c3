// The format of bodies as docs/protocol.md states it, with Node's own cryptography. It shares no code with the library.
import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from "node:crypto";

const tagSize = 16;

function additionalData(nonce, number) {
    const data = Buffer.alloc(16);
    data.set(nonce);
    data.writeUInt32LE(number, 12);
    return data;
}

/** One side of an exchange. Values of each direction have their own numbers. */
export class Exchange {
    constructor(key, id) {
        this.key = key;
        this.id = id;
        this.received = 0;
        this.sent = 0;
    }

    /** Decrypts the next value of the request: its raw text on the wire, with quotes. */
    decrypt(raw) {
        const match = /^"([A-Za-z0-9+/]{43}=):([0-9a-f]{24}):([0-9a-f]{24}):((?:[0-9a-f]{2}){16,})"$/.exec(raw);
        if (!match || match[1] !== this.id) {
            throw new Error(`Not an encrypted value: ${raw.slice(0, 80)}`);
        }
        const nonce = Buffer.from(match[2], "hex");
        if (this.nonce && !this.nonce.equals(nonce)) {
            throw new Error("The nonce differs within one request.");
        }
        this.nonce = nonce;
        const bytes = Buffer.from(match[4], "hex");
        const decipher = createDecipheriv("aes-256-gcm", this.key, Buffer.from(match[3], "hex"));
        decipher.setAAD(additionalData(nonce, this.received++));
        decipher.setAuthTag(bytes.subarray(-tagSize));
        return Buffer.concat([decipher.update(bytes.subarray(0, -tagSize)), decipher.final()]);
    }

    /** Encrypts the next value of the answer. The options are for faults. */
    encrypt(plaintext, { nonce = this.nonce, number = this.sent, aad = additionalData(nonce, number), iv = randomBytes(12) } = {}) {
        this.sent = number + 1;
        const cipher = createCipheriv("aes-256-gcm", this.key, iv);
        cipher.setAAD(aad);
        const bytes = Buffer.concat([cipher.update(Buffer.from(plaintext)), cipher.final(), cipher.getAuthTag()]);
        return `"${this.id}:${nonce.toString("hex")}:${iv.toString("hex")}:${bytes.toString("hex")}"`;
    }

    /** Decrypts the members of a request, in their order. Returns raw values by name. */
    decryptObject(text, clear) {
        const members = new Map(rawMembers(text));
        for (const name of orderOf([...members.keys()].filter((name) => !clear.includes(name)))) {
            members.set(name, this.decrypt(members.get(name)).toString());
        }
        return members;
    }

    /** Encrypts the members of an answer, in their order; the order in the text stays. */
    encryptObject(members, clear) {
        const values = new Map(members);
        for (const name of orderOf([...values.keys()].filter((name) => !clear.includes(name)))) {
            values.set(name, this.encrypt(values.get(name)));
        }
        return `{${[...values].map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(",")}}`;
    }
}

/** By the UTF-8 bytes of the name in which . ? * are preceded by a backslash. */
export function orderOf(names) {
    const key = (name) => Buffer.from(name.replace(/[.?*]/g, "\\$&"));
    return names.sort((a, b) => Buffer.compare(key(a), key(b)));
}

/** Names and raw values of a JSON object. */
export function rawMembers(text) {
    const members = [];
    let at = text.indexOf("{") + 1;
    for (;;) {
        at = skipSpace(text, at);
        if (text[at] === "}") {
            return members;
        }
        const nameEnd = endOfValue(text, at);
        const name = JSON.parse(text.slice(at, nameEnd));
        const start = skipSpace(text, text.indexOf(":", nameEnd) + 1);
        const end = endOfValue(text, start);
        members.push([name, text.slice(start, end)]);
        at = skipSpace(text, end);
        at += text[at] === "," ? 1 : 0;
    }
}

function skipSpace(text, at) {
    while (" \t\r\n".includes(text[at])) {
        at++;
    }
    return at;
}

function endOfValue(text, start) {
    let depth = 0;
    for (let at = start; ; at++) {
        const letter = text[at];
        if (letter === '"') {
            for (at++; text[at] !== '"'; at++) {
                at += text[at] === "\\" ? 1 : 0;
            }
        } else if ("{[".includes(letter)) {
            depth++;
        } else if ("}]".includes(letter)) {
            depth--;
        } else if (depth === 0) {
            while (at < text.length && !" \t\r\n,:]}".includes(text[at])) {
                at++;
            }
            return at;
        }
        if (depth === 0) {
            return at + 1;
        }
    }
}

/** The parts of multipart/form-data: head and value, as they stand. */
export function formParts(body, contentType) {
    const boundary = /boundary="?([^";]+)"?/.exec(contentType)[1];
    const text = body.toString("latin1");
    const pieces = text.split(`--${boundary}`);
    if (pieces[0] !== "" || pieces.at(-1) !== "--\r\n") {
        throw new Error("Not a form.");
    }
    return pieces.slice(1, -1).map((piece) => {
        const end = piece.indexOf("\r\n\r\n");
        const head = piece.slice(2, end);
        return { head, name: /name="([^"]*)"/.exec(head)[1], isFile: head.includes("filename="), value: piece.slice(end + 4, -2) };
    });
}

export const gpuPolicyMac = (key, policy) => createHmac("sha256", key).update(policy).digest("hex");

/** The shard key of a body: raw text of arrays and objects, text of strings. */
export function shardKeyOf(members, salt) {
    const content = Buffer.concat(
        ["system", "tools", "messages", "prompt", "suffix"].map((name) => {
            const raw = members.get(name) ?? "null";
            return Buffer.from(raw === "null" ? "" : raw.startsWith('"') ? JSON.parse(raw) : raw);
        }),
    );
    const sha = (...parts) => createHash("sha256").update(Buffer.concat(parts)).digest();
    const first = sha(Buffer.from(salt));
    const key = first.toString("hex").slice(0, 16);
    const tokens = Math.floor(content.length / 4);
    if (tokens < 16) {
        return key;
    }
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let hash = first;
    let blocks = "";
    for (let token = 0; ; ) {
        const size = token < 1024 ? 16 : token < 100_096 ? 128 : 512;
        if (token + size > tokens) {
            return `${key}-${blocks}`;
        }
        hash = sha(hash, content.subarray(token * 4, (token + size) * 4));
        blocks += letters[hash[31] & 63];
        token += size;
    }
}
