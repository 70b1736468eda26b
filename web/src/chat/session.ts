import { chat, type ChatRequest } from "../server/client";
import { type Connection, problemFrom } from "../server/connection";
import type { Problem, ProblemKind } from "../server/problem";
import {
  choose,
  type Conversation,
  type Message,
  newConversation,
  newMessage,
  promptFor,
  shownPath,
  unsavedPart,
  withChange,
  withMessage,
  withUnsavedPart,
} from "./conversation";
import { fromFile } from "./exchange";
import { newId } from "./ids";
import { takeJournal, writeJournal } from "./journal";
import { LiveAnswer } from "./live_answer";
import { Observable } from "./observable";
import { parametersOf, type Settings } from "./settings";
import { ConversationStore } from "./store";

export interface SessionState {
  /** Those with messages, latest first. */
  conversations: Conversation[];
  /** The one on the screen; a new one is not among `conversations` until something is asked. */
  current: Conversation;
  /** Answers being written by this page, by message id. */
  live: ReadonlyMap<string, LiveAnswer>;
  /** false where the browser keeps nothing, as in some private windows. */
  kept: boolean;
}

const SAVE_EVERY_MS = 400;
/** Problems that pass: the question is sent again when the server is back. */
const PASSING: ProblemKind[] = ["loading", "gone", "full", "key"];

/** The conversations of this page, and everything a person can do with them. */
export class Session extends Observable<SessionState> {
  private readonly waiting = new Map<string, string>(); // message id -> conversation id
  private readonly saved = new Map<string, Conversation>(); // as the store has them
  private readonly tabs = new BroadcastChannel("qingmo");

  private constructor(
    private readonly connection: Connection,
    private readonly store: ConversationStore | null,
    conversations: Conversation[],
  ) {
    super({ conversations: latestFirst(conversations), current: newConversation(), live: new Map(), kept: store !== null });
    for (const conversation of conversations) this.saved.set(conversation.id, conversation);
    window.addEventListener("pagehide", () => writeJournal(this.unsaved()));
    connection.subscribe(() => this.sendWaiting());
    this.tabs.onmessage = ({ data }) => void this.refresh(data);
  }

  /** Opens what the browser keeps, with what a closing page had not saved. */
  static async open(connection: Connection): Promise<Session> {
    const store = await ConversationStore.open().catch(() => null);
    const session = new Session(connection, store, (await store?.all()) ?? []);
    for (const part of takeJournal()) session.put(withUnsavedPart(session.find(part.id), part));
    return session;
  }

  // --- Which conversation ---

  begin(): void {
    this.update({ current: newConversation() });
  }

  open(id: string): void {
    const found = this.find(id);
    if (found) this.update({ current: found });
  }

  rename(id: string, title: string): void {
    this.change(id, (conversation) => ({ ...conversation, title: title.trim() || null }));
  }

  /** Takes a conversation away; the returned function brings it back. */
  remove(id: string): () => void {
    const removed = this.find(id);
    if (!removed) return () => {};
    for (const message of Object.keys(removed.messages)) this.state.live.get(message)?.stop();
    const conversations = this.state.conversations.filter((other) => other !== removed);
    this.update({ conversations, ...(this.state.current.id === id && { current: newConversation() }) });
    void this.store?.remove(id).then(() => this.tabs.postMessage(id));
    return () => this.put(removed);
  }

  /** Adds the conversations of an exported file and returns how many. Throws ImportError. */
  import(text: string): number {
    const imported = fromFile(text);
    for (const conversation of imported) this.put(this.find(conversation.id) ? { ...conversation, id: newId() } : conversation);
    return imported.length;
  }

  set(settings: Settings): void {
    const { current } = this.state;
    if (this.find(current.id)) this.change(current.id, (conversation) => ({ ...conversation, settings }));
    else this.update({ current: { ...current, settings } });
  }

  // --- Questions and answers ---

  ask(text: string): void {
    const { current } = this.state;
    this.askBelow(shownPath(current).at(-1)?.id ?? null, text);
  }

  /** Asks differently: a branch beside the question, with an answer of its own. */
  edit(question: Message, text: string): void {
    this.askBelow(question.parent, text);
  }

  /** Another answer beside this one; one that failed before its first word is written anew in its place. */
  regenerate(answer: Message): void {
    const { id } = this.state.current;
    if (answer.state === "failed" && answer.text === "") void this.write(id, answer.id);
    else this.answerBelow(id, answer.parent!);
  }

  choose(message: Message): void {
    this.change(this.state.current.id, (conversation) => choose(conversation, message));
  }

  /** Stops what is being written in the conversation on the screen. */
  stop(): void {
    for (const { id } of shownPath(this.state.current)) this.state.live.get(id)?.stop();
  }

  private askBelow(parent: string | null, text: string): void {
    const { current } = this.state;
    for (const [message, conversation] of [...this.waiting]) if (conversation === current.id) this.waiting.delete(message);
    const question = newMessage("user", parent, text, "done");
    this.put(withMessage(current, question));
    this.answerBelow(current.id, question.id);
  }

  private answerBelow(conversation: string, question: string): void {
    const answer = newMessage("assistant", question, "", "writing");
    this.change(conversation, (known) => withMessage(known, answer));
    void this.write(conversation, answer.id);
  }

  private async write(conversation: string, id: string): Promise<void> {
    const live = new LiveAnswer();
    this.waiting.delete(id);
    this.setLive(id, live);
    this.change(conversation, (known) => withChange(known, id, { state: "writing", problem: undefined }));
    const saving = setInterval(() => void this.saveWith(conversation, id, live.text), SAVE_EVERY_MS);
    const ending = await this.writing(conversation, id, live);
    clearInterval(saving);
    this.setLive(id, null);
    this.change(conversation, (known) => withChange(known, id, { ...ending, text: live.text, cut: live.cut, stats: live.stats }));
  }

  /** Fills `live` until the answer ends, and says how it ended. */
  private async writing(conversation: string, id: string, live: LiveAnswer): Promise<Partial<Message>> {
    try {
      const request = requestFor(this.find(conversation)!, id);
      for await (const event of chat(request, this.connection.key, live.signal)) live.take(event);
      return { state: "done" };
    } catch (error) {
      if (live.signal.aborted) return { state: "stopped" };
      const problem = problemFrom(error);
      if (PASSING.includes(problem.kind)) this.outlast(problem, conversation, id, live.text !== "");
      return { state: "failed", problem };
    }
  }

  /** Sends the question again when the problem is over, unless its answer had begun: that is for a person to decide. */
  private outlast(problem: Problem, conversation: string, id: string, begun: boolean): void {
    if (begun) {
      void this.connection.check();
    } else {
      this.waiting.set(id, conversation);
      this.connection.report(problem);
    }
  }

  private sendWaiting(): void {
    if (this.connection.state.problem !== null) return;
    for (const [message, conversation] of [...this.waiting]) void this.write(conversation, message);
  }

  // --- Keeping ---

  private find(id: string): Conversation | undefined {
    return this.state.conversations.find((conversation) => conversation.id === id);
  }

  private change(id: string, how: (conversation: Conversation) => Conversation): void {
    const found = this.find(id);
    if (found) this.put(how(found));
  }

  private put(conversation: Conversation): void {
    this.show(conversation);
    void this.save(conversation);
  }

  private show(conversation: Conversation): void {
    const { current, conversations } = this.state;
    const others = conversations.filter(({ id }) => id !== conversation.id);
    this.update({
      conversations: latestFirst([...others, conversation]),
      ...(current.id === conversation.id && { current: conversation }),
    });
  }

  private async save(conversation: Conversation): Promise<void> {
    try {
      await this.store?.save(conversation);
      this.saved.set(conversation.id, conversation);
      this.tabs.postMessage(conversation.id);
    } catch {
      this.update({ kept: false }); // the disk is full, or the browser forbids it: the list says so
    }
  }

  private async saveWith(conversation: string, id: string, text: string): Promise<void> {
    const found = this.find(conversation);
    if (found) await this.save(withChange(found, id, { text }));
  }

  private unsaved(): Conversation[] {
    if (!this.store) return [];
    return this.state.conversations.flatMap((conversation) => {
      const grown = [...this.state.live].reduce((it, [id, { text }]) => withChange(it, id, { text }), conversation);
      return unsavedPart(grown, this.saved.get(conversation.id)) ?? [];
    });
  }

  /** Another tab has saved or removed a conversation. One that is being written here is ours to save. */
  private async refresh(id: string): Promise<void> {
    if (Object.keys(this.find(id)?.messages ?? {}).some((message) => this.state.live.has(message))) return;
    const stored = await this.store?.get(id);
    if (stored) {
      this.saved.set(id, stored);
      this.show(stored);
    } else {
      this.update({ conversations: this.state.conversations.filter((other) => other.id !== id) });
    }
  }

  private setLive(id: string, answer: LiveAnswer | null): void {
    const live = new Map(this.state.live);
    if (answer) live.set(id, answer);
    else live.delete(id);
    this.update({ live });
  }
}

const latestFirst = (conversations: Conversation[]) => conversations.sort((a, b) => b.updated - a.updated);

function requestFor(conversation: Conversation, answer: string): ChatRequest {
  const { system, stream = true } = conversation.settings;
  const messages: ChatRequest["messages"] = promptFor(conversation, answer);
  if (system) messages.unshift({ role: "system", content: system });
  return { messages, stream, ...parametersOf(conversation.settings) };
}
