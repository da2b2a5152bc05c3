// node --test: the parts of the page that need no browser.

import assert from "node:assert/strict";
import { test } from "node:test";
import { safeAddress } from "./address.js";
import { EventStreamParser, streamChat } from "./api.js";
import { imageType, kindOf, refusalOf } from "./attachments.js";
import { badgeOf } from "./badge.js";
import { groupModels } from "./models.js";
import { countWords, fileSize, showHidden, timeAgo, titleOf } from "./text.js";
import { addEvent, chatRequest, newRound, runTool, thinkingOf, toMarkdown, wireMessages, wordsToSend } from "./wire.js";

const user = (text, attachments = []) => ({ role: "user", text, attachments });
const answer = (text, state = "complete", more = {}) => ({ role: "assistant", model: "m", state, note: null, rounds: [{ ...newRound(), text, ...more }] });
const talk = (...messages) => ({ id: "1", title: "T", instructions: "", messages });

test("words are counted at all white space", () => {
    for (const [text, words] of [["", 0], ["one", 1], ["  one\ttwo\nthree\u00a0four\u3000five  ", 5], ["a ".repeat(70001), 70001]]) {
        assert.equal(countWords(text), words);
    }
});

test("hidden characters are shown", () => {
    assert.equal(showHidden("a\u202eb\u2066c\x1b[31md\u{e0041}e\r\nf\tg"), "a⟦U+202E⟧b⟦U+2066⟧c⟦U+001B⟧[31md⟦U+E0041⟧e\nf\tg");
    assert.equal(showHidden("👩‍👩‍👧 שלום café"), "👩‍👩‍👧 שלום café");
});

test("times, sizes and titles are for people", () => {
    assert.deepEqual([0, 59, 60, 180, 3600, 7300, 86400, 200000].map(timeAgo),
        ["just now", "just now", "1 minute ago", "3 minutes ago", "1 hour ago", "2 hours ago", "1 day ago", "2 days ago"]);
    assert.deepEqual([1, 900, 2048, 5 * 1024 * 1024].map(fileSize), ["1 byte", "900 bytes", "2 KB", "5.0 MB"]);
    assert.equal(titleOf("  Hello\n  world  "), "Hello world");
    assert.equal(titleOf("x".repeat(100)).length, 60);
});

test("only http, https and mailto become links", () => {
    for (const good of ["https://example.org/a?b=c#d", "http://localhost:80/", "mailto:a@example.org", "HTTPS://EXAMPLE.org"]) {
        assert.notEqual(safeAddress(good), null, good);
    }
    const bad = ["javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)", "data:text/html,x", "vbscript:x",
        "file:///etc/passwd", "/verification",
        "//evil.example", "https:evil.example", "https://bank.example@evil.example/", "https://a:b@c.example/",
        "https://ex\u202emple.org", "https://a b", "https:\\\\evil.example",
        "blob:https://a/b", "about:blank", "https://", "https://a\u200b.example", "chrome://settings", `https://a.example/${"x".repeat(3000)}`];
    for (const address of bad) {
        assert.equal(safeAddress(address), null, address);
    }
    assert.equal(safeAddress("https://päypal.example/"), "https://xn--pypal-gra.example/");
});

test("events come out whole, wherever the stream is split", () => {
    const stream = ": keep-alive\n\ndata: {\"a\":\"ü\"}\n\nevent: x\ndata: one\ndata: two\n\ndata:[DONE]\r\n\r\n";
    const expected = ["{\"a\":\"ü\"}", "one\ntwo", "[DONE]"];
    for (let split = 0; split <= stream.length; split++) {
        const parser = new EventStreamParser();
        assert.deepEqual([...parser.push(stream.slice(0, split)), ...parser.push(stream.slice(split))], expected, `split at ${split}`);
    }
    const parser = new EventStreamParser();
    assert.deepEqual([...stream].flatMap(character => parser.push(character)), expected);
    assert.deepEqual(new EventStreamParser().push("data: unfinished"), []);
});

test("a stream ends well only with its end mark", async () => {
    globalThis.sessionStorage = { getItem: () => "token" };
    const read = async (...parts) => {
        globalThis.fetch = async () => new Response(new ReadableStream({
            start(controller) {
                parts.forEach(part => part === null ? controller.error(new TypeError("reset")) : controller.enqueue(new TextEncoder().encode(part)));
                parts.includes(null) || controller.close();
            },
        }));
        const events = [];
        try {
            for await (const event of streamChat({}, undefined)) {
                events.push(event.n);
            }
            return [events, "end"];
        } catch (error) {
            return [events, error.cut ? "cut" : error.message];
        }
    };
    assert.deepEqual(await read("data: {\"n\":1}\n\ndata: {\"n\":2}\n\n", "data: [DONE]\n\n"), [[1, 2], "end"]);
    assert.deepEqual(await read("data: {\"n\":1}\n\ndata: [DONE]\n\ndata: {\"n\":2}\n\n"), [[1], "end"]);
    assert.deepEqual(await read("data: {\"n\":1}\n\n"), [[1], "cut"]);
    assert.deepEqual(await read("data: {\"n\":1}\n\n", null), [[], "cut"]);
    assert.deepEqual(await read("data: {\"n\":1}\n\ndata: [DONE]"), [[1], "cut"]);
    assert.deepEqual(await read("data: {\"n\":1}\n\ndata: {\"error\":{\"message\":\"x\"}}\n\n"), [[1], "cut"]);
    assert.deepEqual(await read("data: not JSON\n\n"), [[], "cut"]);
});

test("errors say what the proxy said, and a wrong key what to do", async () => {
    const failure = async (status, body, headers = {}) => {
        globalThis.fetch = async () => new Response(body, { status, headers });
        return await streamChat({}, undefined).next().then(() => null, error => [error.message, error.status, error.code, error.retryAfter, error.cut]);
    };
    assert.deepEqual(await failure(429, JSON.stringify({ error: { message: "Busy.", code: "rate_limit_exceeded" } }), { "Retry-After": "7" }),
        ["Busy.", 429, "rate_limit_exceeded", 7, false]);
    assert.deepEqual(await failure(500, "<html>"), ["The proxy answered with status 500.", 500, null, null, false]);
    assert.match((await failure(401, "{}"))[0], /Open the address that it printed last/);
});

test("images are known by their first bytes, not by their names", () => {
    const png = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
    const webp = Uint8Array.of(0x52, 0x49, 0x46, 0x46, 1, 2, 3, 4, 0x57, 0x45, 0x42, 0x50);
    assert.deepEqual([png, Uint8Array.of(0xff, 0xd8, 0xff), Uint8Array.of(0x47, 0x49, 0x46, 0x38), webp, Uint8Array.of(0x3c)].map(imageType),
        ["image/png", "image/jpeg", "image/gif", "image/webp", null]);
    assert.equal(kindOf("a.txt", png), "image");
    assert.equal(kindOf("a.png", Uint8Array.of(0x3c, 0x73)), null);
    assert.deepEqual(["a.PDF", "b.mp3", "c.md", "d.exe", "svg"].map(name => kindOf(name, new Uint8Array(16))), ["document", "audio", "text", null, null]);
});

test("files that cannot be attached are refused with a reason", () => {
    const all = { vision: true, transcription: "whisper" };
    assert.equal(refusalOf("a.png", "image", 20 * 1024 * 1024, all), null);
    assert.match(refusalOf("a.png", "image", 20 * 1024 * 1024 + 1, all), /too large: 20\.0 MB\. The limit is 20\.0 MB/);
    assert.match(refusalOf("a.exe", null, 1, all), /not a kind of file/);
    assert.match(refusalOf("a.png", "image", 1, { vision: false, transcription: "w" }), /does not accept images/);
    assert.match(refusalOf("a.mp3", "audio", 1, { vision: true, transcription: null }), /no model that transcribes/);
    assert.match(refusalOf("a.mp3", "audio", 50 * 1024 * 1024 + 1, all), /too large/);
});

test("the badge says what is known", () => {
    const report = { tee: "SEV-SNP", manifestSha256: "384a2137e534", verifiedAt: "2026-11-29T12:00:00Z" };
    const verified = { state: "verified", demo: false, now: "2026-11-29T12:02:30Z", report };
    assert.deepEqual(badgeOf(verified, 30), { state: "verified", text: "verified: SEV-SNP, manifest 384a2137, 3 minutes ago", canSend: true });
    assert.equal(badgeOf({ ...verified, demo: true }, 0).text, "demo: proves nothing");
    for (const [verification, text, canSend] of [[null, /NOT CONNECTED/, false], [{ state: "refused", report: null }, /NOT VERIFIED: nothing is sent/, false],
        [{ state: "refused", demo: true, report: null }, /NOT VERIFIED/, false], [{ state: "unreachable", report: null }, /NOT REACHABLE/, false],
        [{ state: "verifying", report: null }, /verifying/, true], [{ state: "verified", report: null }, /verifying/, true]]) {
        const badge = badgeOf(verification, 0);
        assert.match(badge.text, text);
        assert.equal(badge.canSend, canSend);
        assert.notEqual(badge.state, "verified");
    }
});

test("models are grouped by task, without other names of the same model", () => {
    const groups = groupModels([{ id: "gpt-oss-120b", tasks: ["generate", "tool_calling"] }, { id: "openai/gpt-oss-120b", tasks: ["generate"] },
        { id: "glm", tasks: ["generate", "vision"] },
        { id: "claude", owned_by: "alias", tasks: ["generate"] }, { id: "whisper", tasks: ["transcribe"] }, { id: "qwen", tasks: ["embed"] }, { id: "odd" }]);
    assert.deepEqual(Object.values(groups).map(models => models.map(model => model.id)), [["gpt-oss-120b"], ["glm"], ["whisper"]]);
});

test("answers that were cut or failed are not sent again, and user messages stay in turn", () => {
    const conversation = talk(user("one"), answer("bad", "cut"), user("two"), answer("", "error"), user("three"),
        answer("good"), user("four"), answer("part", "stopped"));
    assert.deepEqual(wireMessages(conversation), [
        { role: "user", content: "one\n\ntwo\n\nthree" }, { role: "assistant", content: "good" },
        { role: "user", content: "four" }, { role: "assistant", content: "part" }]);
    assert.deepEqual(wireMessages({ ...talk(user("x")), instructions: " Be brief. " })[0], { role: "system", content: "Be brief." });
});

test("images and documents become parts of the message", () => {
    const image = { kind: "image", name: "a.png", url: "data:image/png;base64,AA==" };
    const document = { kind: "document", name: "c.pdf", text: "Contract", words: 1 };
    assert.deepEqual(wireMessages(talk(user("Look", [image, document])))[0].content,
        [{ type: "text", text: "Document \"c.pdf\":\n\nContract\n\nLook" }, { type: "image_url", image_url: { url: image.url } }]);
    assert.deepEqual(wireMessages(talk(user("", [image])))[0].content, [{ type: "image_url", image_url: { url: image.url } }]);
    assert.equal(wireMessages(talk(user("a"), answer("", "error"), user("b", [image])))[0].content.length, 3);
    assert.equal(wordsToSend(talk(user("one two", [document]), answer("three")), "four five", [document]), 7);
});

test("only the tool of this page is run, and its result goes back", () => {
    const call = { index: 0, id: "c1", name: "current_time", json: "{}", result: "{\"utc\":1}" };
    const message = answer("", "running", { calls: [call] });
    message.rounds.push(newRound());
    assert.deepEqual(wireMessages(talk(user("x"), message)).slice(1), [
        { role: "assistant", content: "", tool_calls: [{ id: "c1", type: "function", function: { name: "current_time", arguments: "{}" } }] },
        { role: "tool", tool_call_id: "c1", content: "{\"utc\":1}" }]);
    assert.equal(runTool("delete_files"), null);
    assert.equal(JSON.parse(runTool("current_time", new Date(0))).utc, "1970-01-01T00:00:00.000Z");
    const request = chatRequest(talk(user("x")), "gpt-oss-120b", true, false);
    assert.deepEqual([request.stream, request.reasoning_effort, request.tools], [true, "high", undefined]);
    assert.equal(chatRequest(talk(user("x")), "unknown", true, true).tools.length, 1);
});

test("thinking is switched in the way of each model", () => {
    assert.deepEqual(["gpt-oss-120b", "openai/gpt-oss-120b", "glm-5.3-flash", "gemma-4-31b", "qwen"].map(model => thinkingOf(model)?.members(false)),
        [{ reasoning_effort: "low" }, { reasoning_effort: "low" }, { reasoning_effort: "low" },
        { chat_template_kwargs: { enable_thinking: false } }, undefined]);
});

test("events add up to a round", () => {
    const round = newRound();
    const delta = (part, finish = null) => addEvent(round, { choices: [{ index: 0, delta: part, finish_reason: finish }] });
    delta({ role: "assistant", content: "" });
    delta({ reasoning: "Hm" });
    delta({ reasoning_content: "m" });
    delta({ content: "Hel" });
    delta({ content: "lo" });
    delta({ tool_calls: [{ index: 0, id: "c1", function: { name: "f", arguments: "{\"a\"" } }] });
    delta({ tool_calls: [{ index: 1, id: "c2", function: { name: "g", arguments: "{}" } }] });
    delta({ tool_calls: [{ index: 0, function: { arguments: ":1}" } }] }, "tool_calls");
    addEvent(round, { choices: [], usage: { completion_tokens: 7 } });
    addEvent(round, {});
    assert.deepEqual([round.reasoning, round.text, round.finish, round.usage.completion_tokens], ["Hmm", "Hello", "tool_calls", 7]);
    assert.deepEqual(round.calls.map(call => [call.id, call.name, call.json]), [["c1", "f", "{\"a\":1}"], ["c2", "g", "{}"]]);
});

test("an export says what is not complete", () => {
    assert.equal(toMarkdown(talk(user("Hi", [{ kind: "image", name: "a.png" }]), answer("Ho"), user("x"), answer("y", "cut"))),
        "# T\n\n## You\n\nHi\n\n(attached: a.png)\n\n## Assistant (m)\n\nHo\n\n## You\n\nx\n\n## Assistant (m)\n\ny\n\n(cut: not complete)\n");
});
