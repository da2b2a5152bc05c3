// Bodies, streams, forms and headers: the library's requests read by a peer, and the peer's answers read by the library.
import assert from "node:assert/strict";
import { createHash, randomBytes, randomInt } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { base64, bytesOf, rounds, startLibrary } from "./library.mjs";
import { Exchange, formParts, gpuPolicyMac, orderOf, rawMembers, shardKeyOf } from "./wire.mjs";

const generation = ["model", "stream_options", "max_tokens", "max_completion_tokens", "n", "stream"];
const chat = "/v1/chat/completions";
const endpoints = {
    [chat]: { clear: generation, answerClear: ["id", "usage"] },
    "/v1/completions": { clear: generation, answerClear: ["id", "usage"] },
    "/v1/embeddings": { clear: ["model"], answerClear: ["id", "usage"] },
    "/v1/messages": { clear: ["model", "stream"], answerClear: ["id", "type", "usage"] },
};
const json = "application/json";
const choice = (content) => JSON.stringify([{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }]);
const delta = (content, finish = null) => JSON.stringify([{ index: 0, delta: content === undefined ? {} : { content }, finish_reason: finish }]);

describe("Calls", () => {
    let library;
    before(() => (library = startLibrary()));
    after(() => library.stop());

    /** Sends a request, and returns the peer's side of the exchange. */
    async function send(path, body, { contentType = json, sharedSalt } = {}) {
        const secret = randomBytes(32);
        const publicKeyHash = randomBytes(32);
        const fields = { path, contentType, body: base64(body), secret: base64(secret), publicKeyHash: base64(publicKeyHash), sharedSalt };
        const { call, headers, body: wire } = await library.run("request", fields);
        const id = publicKeyHash.toString("base64");
        assert.equal(headers["Privatemode-Secret-ID"], id);
        assert.equal(headers["Privatemode-Version"], "v1.40.0");
        assert.equal(headers["Privatemode-Client"], "SDK");
        assert.equal(headers.Authorization, "Bearer the-api-key");
        assert.match(headers["Privatemode-User-Request-ID"], /^sdk_[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}_0$/);
        const policy = headers["Privatemode-NVIDIA-OCSP-Policy"];
        assert.match(policy, /^rules=allow-good; revocation-time-not-before=[0-9]{10}$/);
        assert.equal(headers["Privatemode-NVIDIA-OCSP-Policy-MAC"], gpuPolicyMac(secret, policy));
        return { call, headers, wire: Buffer.from(bytesOf(wire)), exchange: new Exchange(secret, id) };
    }

    const answer = (call, body, fields = {}) =>
        library.ask("answer", { call, status: 200, contentType: json, body: base64(Buffer.from(body)), ...fields });
    const read = async (call, body, fields) => Buffer.from(bytesOf((await succeed(answer(call, body, fields))).body)).toString();
    const succeed = async (answered) => {
        const { result, refused } = await answered;
        assert.equal(refused, undefined);
        return result;
    };

    test(`${rounds} JSON requests are read by the peer`, async () => {
        for (let i = 0; i < rounds; i++) {
            const [path, { clear }] = Object.entries(endpoints)[i % 4];
            const body = randomBody(path);
            const { headers, wire, exchange } = await send(path, Buffer.from(body));
            const members = exchange.decryptObject(wire.toString(), clear);
            const expected = new Map(rawMembers(body));
            if (path !== "/v1/embeddings") {
                const salt = JSON.parse(members.get("cache_salt"));
                assert.equal(Buffer.from(salt, "base64").length, 32);
                expected.set("cache_salt", members.get("cache_salt"));
            }
            assert.deepEqual([...members], [...expected]);
            assert.equal(headers["Content-Type"], json);
            assert.equal(headers["Privatemode-Target-Model"], JSON.parse(expected.get("model")));
            assert.equal(headers["Privatemode-Shard-Key"], undefined);
        }
    });

    test("names that could be content, or that another reader could take for clear ones, are refused", async () => {
        for (const name of ["", "a.b", "a b", "ü", "a-b", "a|b", "@model", "a\u0000", "x".repeat(65)]) {
            const body = base64(Buffer.from(JSON.stringify({ model: "m", messages: [], [name]: 1 })));
            const fields = { path: chat, contentType: json, body, secret: base64(randomBytes(32)), publicKeyHash: base64(randomBytes(32)) };
            assert.match((await library.ask("request", fields)).refused, /^(member-name|unparsable-body)$/, name);
        }
    });

    test("shard keys of prompts of any length", async () => {
        const salt = randomBytes(32).toString("base64");
        for (const length of [0, 1, 50, 63, 64, 65, 127, 128, 4094, 4096, 4097, 4607, 4608, 5000, 400_000, 401_000, 402_432, 404_480, 410_000]) {
            const body = JSON.stringify({ model: "m", messages: [{ role: "user", content: "ä".repeat(length / 2) }], system: "s", tools: null });
            const { headers, wire, exchange } = await send(chat, Buffer.from(body), { sharedSalt: salt });
            const members = exchange.decryptObject(wire.toString(), generation);
            assert.equal(members.get("cache_salt"), JSON.stringify(salt));
            assert.equal(headers["Privatemode-Shard-Key"], shardKeyOf(members, salt), `${length}`);
        }
    });

    test(`${rounds} JSON answers of the peer are read`, async () => {
        for (let i = 0; i < rounds; i++) {
            const { call, wire, exchange } = await send(chat, Buffer.from('{"model":"m","messages":[]}'));
            exchange.decryptObject(wire.toString(), generation);
            const text = randomText();
            const members = shuffle([
                ["choices", choice(text)], ["id", '"a"'], ["usage", "null"], ["model", '"m"'], ["created", "1"], ["object", '"chat.completion"'],
                ["a.b", "1"], ["a-b", "2"], ["ü", "3"], ["z*", "4"], ["𝒳", "5"], ["\uff5e", "6"],
            ]);
            const body = JSON.parse(await read(call, exchange.encryptObject(members, ["id", "usage"])));
            assert.equal(body.choices[0].message.content, text);
            assert.deepEqual(Object.keys(body).filter((name) => !["choices", "id", "usage", "model", "created", "object"].includes(name)), []);
        }
    });

    test(`${rounds / 4} streams of the peer are read, and one cut anywhere is not`, async () => {
        for (let i = 0; i < rounds / 4; i++) {
            const texts = Array.from({ length: randomInt(1, 12) }, randomText);
            const { events, call } = await stream(texts);
            const body = await read(call, events.join(""), { contentType: "text/event-stream" });
            const contents = body.split("\n").filter((line) => line.startsWith("data: {")).map((line) => JSON.parse(line.slice(6)).choices[0]?.delta.content);
            assert.deepEqual(contents.filter((content) => content !== undefined), texts);
            assert.ok(body.endsWith("data: [DONE]\n\n"));

            const cut = await stream(texts);
            const left = cut.events.slice(0, randomInt(0, cut.events.length));
            assert.match((await answer(cut.call, left.join(""), { contentType: "text/event-stream" })).refused, /^(truncated-stream|no-choice)$/);
        }
    });

    async function stream(texts) {
        const { call, wire, exchange } = await send(chat, Buffer.from('{"model":"m","messages":[],"stream":true}'));
        exchange.decryptObject(wire.toString(), generation);
        const rest = [["id", '"a"'], ["object", '"chat.completion.chunk"'], ["created", "1"], ["model", '"m"']];
        const chunk = (choices) => `data: ${exchange.encryptObject([...rest, ["choices", choices]], ["id", "usage"])}\n\n`;
        return { call, exchange, chunk, events: [...texts.map((text) => chunk(delta(text))), chunk(delta(undefined, "stop")), "data: [DONE]\n\n"] };
    }

    test("events that are dropped, repeated, exchanged or of another exchange are refused", async () => {
        const faults = {
            dropped: (events) => events.splice(1, 1),
            repeated: (events) => events.splice(1, 0, events[0]),
            exchanged: (events) => events.splice(0, 2, events[1], events[0]),
            foreign: (events, other) => events.splice(1, 1, other[1]),
            "without the finish": (events) => events.splice(-2, 1),
        };
        for (const [name, change] of Object.entries(faults)) {
            const { call, events } = await stream(["one", "two", "three"]);
            change(events, (await stream(["one", "two", "three"])).events);
            const { refused } = await answer(call, events.join(""), { contentType: "text/event-stream" });
            assert.match(refused, name === "without the finish" ? /^truncated-stream$/ : /^not-authentic$/, name);
        }
    });

    test("a value with anything else than nonce and number in its additional data is refused", async () => {
        const faults = {
            "big-endian number": (exchange) => ({ aad: Buffer.concat([exchange.nonce, Buffer.from([0, 0, 0, 1])]), number: 1 }),
            "64-bit number": (exchange) => ({ aad: Buffer.concat([exchange.nonce, Buffer.alloc(8)]) }),
            "no nonce": () => ({ aad: Buffer.alloc(4) }),
            "no additional data": () => ({ aad: Buffer.alloc(0) }),
            "another nonce": () => ({ nonce: randomBytes(12) }),
            "another number": () => ({ number: 1 }),
        };
        for (const [name, options] of Object.entries(faults)) {
            const { call, wire, exchange } = await send(chat, Buffer.from('{"model":"m","messages":[]}'));
            exchange.decryptObject(wire.toString(), generation);
            const body = name === "big-endian number"
                ? `{"a":${exchange.encrypt("1")},"choices":${exchange.encrypt(choice("x"), options(exchange))}}`
                : `{"choices":${exchange.encrypt(choice("x"), options(exchange))}}`;
            assert.equal((await answer(call, body)).refused, "not-authentic", name);
        }
    });

    test("a value of the request is refused as an answer", async () => {
        const { call, wire } = await send(chat, Buffer.from('{"model":"m","messages":[]}'));
        const first = new Map(rawMembers(wire.toString())).get("cache_salt");
        assert.equal((await answer(call, `{"choices":${first}}`)).refused, "reflected");
    });

    test("an answer in the clear is refused, an error in the clear is not authentic, and an encrypted one is", async () => {
        const clear = `{"choices":${choice("x")}}`;
        assert.match((await answer((await send(chat, Buffer.from('{"model":"m","messages":[]}'))).call, clear)).refused, /^unsealed|^unencrypted/);
        const error = '{"error":{"message":"no","type":"t"}}';
        const plain = await send(chat, Buffer.from('{"model":"m","messages":[]}'));
        assert.equal((await succeed(answer(plain.call, error, { status: 400, encrypted: "false" }))).isAuthenticated, false);
        const { call, wire, exchange } = await send(chat, Buffer.from('{"model":"m","messages":[]}'));
        exchange.decryptObject(wire.toString(), generation);
        const encrypted = exchange.encryptObject([["error", '{"message":"no","type":"t"}']], []);
        assert.equal((await succeed(answer(call, encrypted, { status: 400 }))).isAuthenticated, true);
    });

    test(`${rounds / 4} forms are read by the peer, and their answers by the library`, async () => {
        for (let i = 0; i < rounds / 4; i++) {
            const file = randomBytes(randomInt(0, 3000));
            const fields = shuffle([["model", "whisper"], ["language", "de"], ["prompt", randomText()], ["response_format", "json"], ["temperature", "0.5"]]);
            const boundary = "b".repeat(30);
            const part = (head, value) =>
                Buffer.concat([Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; ${head}\r\n\r\n`), value, Buffer.from("\r\n")]);
            const body = Buffer.concat([
                part('name="file"; filename="secret name.wav"', file), ...fields.map(([name, value]) => part(`name="${name}"`, Buffer.from(value))),
                Buffer.from(`--${boundary}--\r\n`),
            ]);
            const contentType = `multipart/form-data; boundary=${boundary}`;
            const { call, wire, headers, exchange } = await send("/v1/audio/transcriptions", body, { contentType });
            assert.ok(!wire.includes("secret name"));
            const parts = formParts(wire, headers["Content-Type"]);
            const clear = ["model", "stream", "stream_include_usage", "stream_continuous_usage_stats"];
            const values = parts.map(({ name, value }) => [name, clear.includes(name) ? Buffer.from(value) : exchange.decrypt(value)]);
            assert.deepEqual(parts.map(({ name }) => name), [...fields.map(([name]) => name).sort(), "file"]);
            assert.deepEqual(Object.fromEntries(values), Object.fromEntries([["file", file], ...fields.map(([name, value]) => [name, Buffer.from(value)])]));
            assert.match(parts.at(-1).head, /filename="file"\r\nContent-Type: application\/octet-stream$/);
            const text = randomText();
            const reply = exchange.encryptObject([["text", JSON.stringify(text)], ["usage", "null"]], ["duration", "usage"]);
            assert.equal(JSON.parse(await read(call, reply)).text, text);
        }
    });

    test("a document is one value, and its elements come in the order of their indices as text", async () => {
        const boundary = "c".repeat(30);
        const type = `multipart/form-data; boundary=${boundary}`;
        const body = Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="files"; filename="a.pdf"\r\n\r\nthe text\r\n--${boundary}--\r\n`);
        const { call, wire, headers, exchange } = await send("/unstructured/general/v0/general", body, { contentType: type });
        assert.match(headers["Content-Type"], /^multipart\/form-data; boundary=/);
        assert.equal(headers["Privatemode-Target-Model"], undefined);
        const inner = exchange.decrypt(wire.toString());
        assert.equal(formParts(inner, headers["Content-Type"])[0].value, "the text");
        const elements = Array.from({ length: 25 }, (_, i) => JSON.stringify({ type: "Title", element_id: `${i}`, text: randomText(), metadata: {} }));
        const values = new Array(25);
        for (const i of orderOf(elements.map((_, i) => `${i}`))) {
            values[i] = exchange.encrypt(elements[i]);
        }
        assert.deepEqual(JSON.parse(await read(call, `[${values.join(",")}]`)), elements.map((text) => JSON.parse(text)));
    });
});

function randomText() {
    const letters = ["a", " ", '"', "\\", "\n", "ä", "漢", "😀", "\u0000", "{", "}", ":", ",", "</script>", "\u2028"];
    return Array.from({ length: randomInt(0, 40) }, () => letters[randomInt(letters.length)]).join("");
}

function randomValue(depth) {
    const kinds = [() => randomText(), () => randomInt(1e6) / 100, () => null, () => true];
    const nested = [() => Array.from({ length: randomInt(4) }, () => randomValue(depth - 1)), () => ({ [randomText()]: randomValue(depth - 1) })];
    const all = depth > 0 ? [...kinds, ...nested] : kinds;
    return all[randomInt(all.length)]();
}

/** A body with members in any order, with names whose order depends on the rule. */
function randomBody(path) {
    const prompts = { "/v1/embeddings": ["input", ["text"]], "/v1/completions": ["prompt", "text"] };
    const payload = prompts[path] ?? ["messages", [{ role: "user", content: randomText() }]];
    const names = ["A", "Z", "_", "_a", "a", "aB", "a_b", "ab", "a1", "Model", "models", "temperature", "metadata", "top_p", "0"];
    const extra = names.filter(() => randomInt(2) === 0).map((name) => [name, randomValue(3)]);
    const clear = path === "/v1/embeddings" ? [] : [["stream", false]];
    const members = shuffle([["model", "some-model"], payload, ...extra, ...clear]);
    const space = [":", " : ", ":\n  "][randomInt(3)];
    return `{${members.map(([name, value]) => `${JSON.stringify(name)}${space}${JSON.stringify(value)}`).join(", ")}}`;
}

function shuffle(list) {
    for (let i = list.length - 1; i > 0; i--) {
        const j = randomInt(i + 1);
        [list[i], list[j]] = [list[j], list[i]];
    }
    return list;
}
