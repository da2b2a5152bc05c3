// Chats, responses and the other endpoints with OpenAI's SDK.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import OpenAI, { toFile } from "openai";
import { all, startProxy } from "./proxy.mjs";

const model = "gpt-oss-120b";
const messages = [{ role: "user", content: "hello" }];
const weather = {
    type: "function",
    function: {
        name: "get_weather",
        description: "The weather of a city",
        parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
    },
};

describe("OpenAI's SDK", () => {
    let proxy, client;
    before(async () => {
        proxy = await startProxy();
        client = new OpenAI({ apiKey: "any-key", baseURL: `${proxy.url}/v1`, maxRetries: 0 });
    });
    after(() => proxy.stop());

    test("chat", async () => {
        const { data, response, request_id } = await client.chat.completions.create({ model, messages }).withResponse();
        assert.match(data.choices[0].message.content, /You wrote: hello/);
        assert.equal(response.headers.get("privatemode-authenticated"), "true");
        assert.match(request_id, /^sdk_/);
    });

    test("stream of a chat", async () => {
        const stream = await client.chat.completions.create({ model, messages, stream: true, stream_options: { include_usage: true } });
        const chunks = await all(stream);
        assert.match(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join(""), /You wrote: hello/);
        assert.ok(chunks.at(-1).usage.total_tokens > 0);
    });

    test("stream helper of a chat", async () => {
        const completion = await client.chat.completions.stream({ model, messages }).finalChatCompletion();
        assert.match(completion.choices[0].message.content, /You wrote: hello/);
    });

    test("tools, with the stream helper that runs them", async () => {
        const runner = client.chat.completions.runTools({
            model,
            messages: [{ role: "user", content: "use the tool" }],
            stream: true,
            tools: [{ ...weather, function: { ...weather.function, parse: JSON.parse, function: ({ city }) => `sunny in ${typeof city}` } }],
        });
        assert.match(await runner.finalContent(), /The tool returned: sunny in string/);
    });

    test("structured output", async () => {
        const completion = await client.chat.completions.create({
            model,
            messages,
            response_format: {
                type: "json_schema",
                json_schema: {
                    name: "person",
                    strict: true,
                    schema: { type: "object", properties: { name: { type: "string" } }, required: ["name"], additionalProperties: false },
                },
            },
        });
        assert.equal(typeof JSON.parse(completion.choices[0].message.content).name, "string");
    });

    test("completion of a text", async () => {
        assert.ok((await client.completions.create({ model, prompt: "once upon" })).choices[0].text.length > 0);
    });

    test("embeddings", async () => {
        const { data } = await client.embeddings.create({ model: "qwen3-embedding-4b", input: ["one", "two"] });
        assert.equal(data.length, 2);
        assert.equal(typeof data[1].embedding[0], "number");
    });

    test("transcription", async () => {
        const file = await toFile(Buffer.from("RIFF...."), "recording.wav");
        assert.match((await client.audio.transcriptions.create({ model: "whisper-large-v3", file })).text, /demo/);
    });

    test("models", async () => {
        const ids = (await all(client.models.list())).map((entry) => entry.id);
        assert.ok(ids.includes(model));
        assert.equal((await client.models.retrieve(model)).id, model);
        await assert.rejects(client.models.retrieve("no-such-model"), OpenAI.NotFoundError);
    });

    test("response", async () => {
        const response = await client.responses.create({ model, input: "hello" });
        assert.match(response.output_text, /You wrote: hello/);
        assert.equal(response.status, "completed");
    });

    test("stream of a response", async () => {
        const events = await all(await client.responses.create({ model, input: "hello", stream: true }));
        assert.deepEqual(events.map((event) => event.sequence_number), events.map((_, index) => index));
        assert.equal(events[0].type, "response.created");
        assert.equal(events.at(-1).type, "response.completed");
    });

    test("stream helper of a response, with a tool", async () => {
        const { function: tool } = weather;
        const stream = client.responses.stream({ model, input: "use the tool", tools: [{ type: "function", strict: false, ...tool }] });
        const call = (await stream.finalResponse()).output.find((item) => item.type === "function_call");
        assert.equal(call.name, "get_weather");
        assert.equal(typeof JSON.parse(call.arguments).city, "string");
    });

    test("stored responses are refused", async () => {
        await assert.rejects(client.responses.retrieve("resp_1"), OpenAI.NotFoundError);
    });

    test("errors of the request", async () => {
        await assert.rejects(client.chat.completions.create({ messages }), (error) => {
            assert.ok(error instanceof OpenAI.BadRequestError);
            assert.equal(error.param, "model");
            return true;
        });
        await assert.rejects(client.chat.completions.create({ model: "no-such-model", messages }), (error) => {
            assert.ok(error instanceof OpenAI.NotFoundError);
            assert.equal(error.code, "model_not_found");
            return true;
        });
        await assert.rejects(client.images.generate({ prompt: "a cat" }), OpenAI.NotFoundError);
    });

    test("abort of a stream, and a call after it", async () => {
        const stream = await client.chat.completions.create({ model, messages: [{ role: "user", content: "something long" }], stream: true });
        for await (const chunk of stream) {
            assert.ok(chunk.choices);
            break; // ends the stream and its connection
        }

        assert.ok((await client.chat.completions.create({ model, messages })).id);
    });
});

describe("OpenAI's SDK with caller keys", () => {
    const key = "caller-key-of-sixteen-or-more";
    let proxy;
    before(async () => (proxy = await startProxy(["--caller-keys", key])));
    after(() => proxy.stop());

    test("a wrong key is an authentication error", async () => {
        const client = new OpenAI({ apiKey: "another-key-of-sixteen-or-more", baseURL: `${proxy.url}/v1` });
        await assert.rejects(client.chat.completions.create({ model, messages }), OpenAI.AuthenticationError);
        await assert.rejects(all(client.models.list()), OpenAI.AuthenticationError);
    });

    test("the right key is served", async () => {
        const client = new OpenAI({ apiKey: key, baseURL: `${proxy.url}/v1` });
        assert.ok((await client.chat.completions.create({ model, messages })).id);
    });
});

describe("OpenAI's SDK with faults of the service", () => {
    let proxy;
    before(async () => {
        proxy = await startProxy([], [
            { fault: "429" }, { text: "after the limit" }, { delayMs: 11_000, text: "slow" }, { fault: "cut-stream", text: "cut ".repeat(400) },
            { delayMs: 11_000, text: "slow response" },
        ]);
    });
    after(() => proxy.stop());

    test("rate limit, keep-alive before the first event, and a cut stream", async () => {
        const client = new OpenAI({ apiKey: "any-key", baseURL: `${proxy.url}/v1`, maxRetries: 0 });
        await assert.rejects(client.chat.completions.create({ model, messages }), (error) => {
            assert.ok(error instanceof OpenAI.RateLimitError);
            assert.equal(error.headers.get("retry-after"), "1");
            assert.equal(error.headers.get("x-should-retry"), "true");
            return true;
        });
        assert.equal((await client.chat.completions.create({ model, messages })).choices[0].message.content, "after the limit");
        const slow = await client.chat.completions.stream({ model, messages }).finalChatCompletion();
        assert.equal(slow.choices[0].message.content, "slow");
        await assert.rejects(async () => all(await client.chat.completions.create({ model, messages, stream: true })));
        const response = await client.responses.stream({ model, input: "hello" }).finalResponse();
        assert.equal(response.output_text, "slow response");
    });
});
