import type { Conversation } from "./conversation";

const DATABASE = "qingmo";
const STORE = "conversations";

/** The conversations kept in this browser. Every method rejects with the browser's DOMException. */
export class ConversationStore {
  private constructor(private readonly database: IDBDatabase) {}

  static async open(): Promise<ConversationStore> {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
    return new ConversationStore(await settled(request));
  }

  all(): Promise<Conversation[]> {
    return settled<Conversation[]>(this.transaction("readonly").getAll());
  }

  async get(id: string): Promise<Conversation | undefined> {
    return settled<Conversation | undefined>(this.transaction("readonly").get(id));
  }

  async save(conversation: Conversation): Promise<void> {
    await settled(this.transaction("readwrite").put(conversation));
  }

  async remove(id: string): Promise<void> {
    await settled(this.transaction("readwrite").delete(id));
  }

  private transaction(mode: IDBTransactionMode): IDBObjectStore {
    return this.database.transaction(STORE, mode).objectStore(STORE);
  }
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
