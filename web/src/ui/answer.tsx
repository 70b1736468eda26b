import type { Message } from "../chat/conversation";
import type { LiveAnswer } from "../chat/live_answer";
import type { Problem } from "../server/problem";
import { type Text, useText } from "../text";
import { useParts } from "./context";
import { CopyButton } from "./copy_button";
import { useFrames } from "./hooks";
import { IconButton } from "./icon_button";
import { Markdown } from "./markdown";
import { StatsLine } from "./stats_line";
import { Versions } from "./versions";

interface AnswerProps {
  message: Message;
  /** There while this page is writing it. */
  live: LiveAnswer | undefined;
  versions: Message[];
}

export function Answer({ message, live, versions }: AnswerProps) {
  const { appName, regenerate } = useText();
  const { session } = useParts();
  useFrames(live);
  const text = live?.text ?? message.text;
  return (
    <article class="answer" aria-label={appName} aria-busy={live !== undefined}>
      {text === "" && live ? <Waiting queue={live.queue} /> : <Markdown text={text} growing={live !== undefined} />}
      {!live && <Ending message={message} />}
      {!live && (
        <div class="actions">
          <Versions message={message} versions={versions} />
          {text && <CopyButton text={text} />}
          <IconButton icon="again" label={regenerate} onClick={() => session.regenerate(message)} />
          {message.stats && <StatsLine stats={message.stats} />}
        </div>
      )}
    </article>
  );
}

function Waiting({ queue }: { queue: number | null }) {
  const text = useText();
  return (
    <p class="waiting" role="status">
      <span class="dots" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      {queue === null ? text.thinking : text.queue(queue)}
    </p>
  );
}

/** Why an answer is not whole, where it is not. */
function Ending({ message }: { message: Message }) {
  const text = useText();
  const note = endingNote(message, text);
  return note ? <p class="ending">{note}</p> : null;
}

/** What passes is explained below the conversation; here stands only what stays. */
function problemNote({ kind, message }: Problem, written: string, text: Text): string {
  if (kind === "refused") return message;
  if (written !== "") return text.brokeOff;
  const { title, text: advice } = text.problems[kind];
  return kind === "long" ? `${title}${text.fullStop}${advice}` : title;
}

function endingNote({ state, text: written, cut, problem }: Message, text: Text): string | null {
  if (state === "writing") return text.unfinished;
  if (state === "stopped") return text.stopped;
  if (state === "failed" && problem) return problemNote(problem, written, text);
  if (cut) return text.cut;
  return written === "" ? text.empty : null;
}
