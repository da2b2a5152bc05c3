// Conversations in the browser's database, encrypted under a key that the server of this page keeps. Nothing is written unless it is asked for.

import { send } from "./api.js";

const DatabaseName = "privatemode";
const StoreName = "conversations";

/** What the page remembers in the clear: how it looks, the model, and whether conversations are kept. */
export const preferences = {
    get: name => localStorage.getItem(`privatemode-${name}`),
    set: (name, value) => localStorage.setItem(`privatemode-${name}`, value),
};

/** The conversations that are kept. */
export class ConversationStore {
    /** The callback is called when another tab changed the conversation with an ID, or deleted all (null). */
    constructor(changedElsewhere) {
        this.opening = null;
        this.writing = Promise.resolve();
        this.channel = new BroadcastChannel(DatabaseName);
        this.channel.addEventListener("message", event => changedElsewhere(event.data));
    }

    /** Reads all conversations, but not those that another key encrypted, for example that of another state directory. */
    async readAll() {
        const { database, key } = await this.open();
        const records = await done(database.transaction(StoreName).objectStore(StoreName).getAll());
        const conversations = [];
        for (const record of records) {
            const conversation = await decrypt(key, record);
            if (conversation !== null) {
                conversations.push(conversation);
            }
        }
        return conversations;
    }

    /** Reads one conversation, or returns null. */
    async read(id) {
        const { database, key } = await this.open();
        const record = await done(database.transaction(StoreName).objectStore(StoreName).get(id));
        return record === undefined ? null : await decrypt(key, record);
    }

    /** Writes a conversation. Writes follow each other; of the same conversation, the last one counts. */
    save(conversation) {
        const text = JSON.stringify(conversation);
        return this.enqueue(async () => {
            const { database, key } = await this.open();
            const iv = crypto.getRandomValues(new Uint8Array(12));
            const data = await crypto.subtle.encrypt(parametersOf(conversation.id, iv), key, new TextEncoder().encode(text));
            await done(database.transaction(StoreName, "readwrite").objectStore(StoreName).put({ id: conversation.id, iv, data }));
            this.channel.postMessage(conversation.id);
        });
    }

    /** Removes one conversation. */
    remove(id) {
        return this.enqueue(async () => {
            const { database } = await this.open();
            await done(database.transaction(StoreName, "readwrite").objectStore(StoreName).delete(id));
            this.channel.postMessage(id);
        });
    }

    /** Deletes the database, and the key in the state directory: copies that the browser may still have become unreadable. */
    destroy() {
        return this.enqueue(async () => {
            (await this.opening?.catch(() => null))?.database.close();
            this.opening = null;
            this.channel.postMessage(null);
            await done(indexedDB.deleteDatabase(DatabaseName));
            await send("/app/storage-key", { method: "DELETE" });
        });
    }

    enqueue(work) {
        const result = this.writing.then(work);
        this.writing = result.catch(() => { });
        return result;
    }

    open() {
        this.opening ??= this.openNow().catch(error => {
            this.opening = null;
            throw error;
        });
        return this.opening;
    }

    async openNow() {
        const bytes = await (await send("/app/storage-key")).arrayBuffer();
        const key = await crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
        const database = await openDatabase();
        // Another tab deletes the database: it has to wait until this tab has closed it.
        database.addEventListener("versionchange", () => {
            database.close();
            this.opening = null;
        });
        return { database, key };
    }
}

/** Opens the database, whatever its version, and creates what it lacks: an empty one stays without the store until its version is raised. */
async function openDatabase() {
    const database = await done(prepare(indexedDB.open(DatabaseName)));
    if (database.objectStoreNames.contains(StoreName)) {
        return database;
    }
    database.close();
    return await done(prepare(indexedDB.open(DatabaseName, database.version + 1)));
}

function prepare(request) {
    request.addEventListener("upgradeneeded", () => {
        if (!request.result.objectStoreNames.contains(StoreName)) {
            request.result.createObjectStore(StoreName, { keyPath: "id" });
        }
    });
    return request;
}

/** The ID is authenticated: a record cannot be put in the place of another. */
function parametersOf(id, iv) {
    return { name: "AES-GCM", iv, additionalData: new TextEncoder().encode(id) };
}

async function decrypt(key, record) {
    try {
        const bytes = await crypto.subtle.decrypt(parametersOf(record.id, record.iv), key, record.data);
        return JSON.parse(new TextDecoder().decode(bytes));
    } catch {
        return null;
    }
}

function done(request) {
    return new Promise((resolve, reject) => {
        request.addEventListener("success", () => resolve(request.result));
        request.addEventListener("error", () => reject(request.error));
    });
}
