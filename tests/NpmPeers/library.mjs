// Runs this library's side: tests/Privatemode.AI.Peers, one JSON object per line in both directions.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** The number of random keys, values and mutations, from the environment. */
export const rounds = Number(process.env.PRIVATEMODE_PEER_ROUNDS ?? 200);

export const base64 = (bytes) => Buffer.from(bytes).toString("base64");
export const bytesOf = (text) => new Uint8Array(Buffer.from(text, "base64"));

/** Starts the program whose path is in PRIVATEMODE_PEERS. */
export function startLibrary() {
    const child = spawn("dotnet", [process.env.PRIVATEMODE_PEERS], { stdio: ["pipe", "pipe", "inherit"] });
    const waiting = [];
    createInterface({ input: child.stdout }).on("line", (line) => waiting.shift().resolve(line));
    const ended = new Promise((resolve) =>
        child.once("exit", (code) => {
            waiting.forEach(({ reject }) => reject(new Error(`The program ended with code ${code}.`)));
            resolve();
        }),
    );
    /** The whole answer: {result} or {refused}. */
    function ask(command, fields = {}) {
        return new Promise((resolve, reject) => {
            waiting.push({ resolve, reject });
            child.stdin.write(`${JSON.stringify({ command, ...fields })}\n`);
        }).then(JSON.parse);
    }
    return {
        ask,
        /** The result; a refusal is an error. */
        async run(command, fields) {
            const { result, refused } = await ask(command, fields);
            if (refused) {
                throw new Error(`The library refused "${command}": ${refused}`);
            }
            return result;
        },
        async stop() {
            child.stdin.end();
            await ended;
        },
    };
}
