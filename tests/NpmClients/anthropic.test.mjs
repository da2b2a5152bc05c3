// Messages with Anthropic's SDK.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import { all, startProxy } from "./proxy.mjs";

const body = { model: "gpt-oss-120b", max_tokens: 256, messages: [{ role: "user", content: "hello" }] };

describe("Anthropic's SDK", () => {
    let proxy, client;
    before(async () => {
        proxy = await startProxy();
        client = new Anthropic({ apiKey: "any-key", baseURL: proxy.url, maxRetries: 0 });
    });
    after(() => proxy.stop());

    test("message", async () => {
        const message = await client.messages.create(body);
        assert.match(message.content[0].text, /You wrote: hello/);
        assert.match(message._request_id, /^sdk_/);
    });

    test("stream of a message", async () => {
        const events = await all(await client.messages.create({ ...body, stream: true }));
        assert.equal(events[0].type, "message_start");
        assert.equal(events.at(-1).type, "message_stop");
    });

    test("stream helper", async () => {
        assert.match(await client.messages.stream(body).finalText(), /You wrote: hello/);
    });

    test("tools", async () => {
        const message = await client.messages.create({
            ...body,
            messages: [{ role: "user", content: "use the tool" }],
            tools: [{ name: "get_weather", input_schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] } }],
        });
        assert.equal(message.stop_reason, "tool_use");
        const call = message.content.find((block) => block.type === "tool_use");
        assert.equal(typeof call.input.city, "string");
    });

    test("count of tokens", async () => {
        const { max_tokens, ...count } = body;
        assert.ok((await client.messages.countTokens(count)).input_tokens > 0);
    });

    test("models", async () => {
        assert.ok((await all(client.models.list())).some((entry) => entry.id === body.model));
    });

    test("errors of the request", async () => {
        await assert.rejects(client.messages.create({ ...body, messages: undefined }), Anthropic.BadRequestError);
        await assert.rejects(client.messages.create({ ...body, model: "no-such-model" }), Anthropic.NotFoundError);
        await assert.rejects(client.messages.batches.list(), Anthropic.NotFoundError);
    });

    test("abort of a stream, and a call after it", async () => {
        const stream = client.messages.stream({ ...body, messages: [{ role: "user", content: "something long" }] });
        stream.on("text", () => stream.abort());
        await assert.rejects(stream.finalMessage(), Anthropic.APIUserAbortError);
        assert.ok((await client.messages.create(body)).id);
    });
});

describe("Anthropic's SDK with caller keys", () => {
    const key = "caller-key-of-sixteen-or-more";
    let proxy;
    before(async () => (proxy = await startProxy(["--caller-keys", key])));
    after(() => proxy.stop());

    test("a wrong key is an authentication error, in both headers", async () => {
        for (const option of ["apiKey", "authToken"]) {
            const client = new Anthropic({ apiKey: null, authToken: null, [option]: "another-key-of-sixteen-or-more", baseURL: proxy.url });
            await assert.rejects(client.messages.create(body), Anthropic.AuthenticationError);
        }
    });

    test("the right key is served, in both headers", async () => {
        for (const option of ["apiKey", "authToken"]) {
            const client = new Anthropic({ apiKey: null, authToken: null, [option]: key, baseURL: proxy.url });
            assert.ok((await client.messages.create(body)).id);
        }
    });
});

describe("Anthropic's SDK with faults of the service", () => {
    let proxy;
    before(async () => {
        proxy = await startProxy([], [
            { fault: "429" }, { text: "after the limit" }, { delayMs: 11_000, text: "slow" }, { fault: "cut-stream", text: "cut ".repeat(400) },
        ]);
    });
    after(() => proxy.stop());

    test("rate limit, keep-alive before the first event, and a cut stream", async () => {
        const client = new Anthropic({ apiKey: "any-key", baseURL: proxy.url, maxRetries: 0 });
        await assert.rejects(client.messages.create(body), (error) => {
            assert.ok(error instanceof Anthropic.RateLimitError);
            assert.equal(error.headers.get("retry-after"), "1");
            return true;
        });
        assert.equal((await client.messages.create(body)).content[0].text, "after the limit");
        assert.equal(await client.messages.stream(body).finalText(), "slow");
        await assert.rejects(client.messages.stream(body).finalMessage());
    });
});
