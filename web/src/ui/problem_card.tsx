import { useState } from "preact/hooks";
import type { Problem } from "../server/problem";
import { useText } from "../text";
import { useParts } from "./context";

/** What is wrong with the server and what to do about it. */
export function ProblemCard({ problem }: { problem: Problem }) {
  const text = useText();
  const { connection } = useParts();
  const { title, text: advice } = text.problems[problem.kind];
  return (
    <section class={`problem problem-${problem.kind}`} role="alert">
      <div>
        <h2>{title}</h2>
        <p>{advice || problem.message}</p>
        {problem.kind === "loading" && <LoadingProgress message={problem.message} label={title} />}
      </div>
      {problem.kind === "key" ? (
        <KeyForm />
      ) : (
        <button type="button" class="plain-button" onClick={() => void connection.check()}>
          {text.tryAgain}
        </button>
      )}
    </section>
  );
}

/** A bar, where the server says how far it is: "... Packing weights (40 %)." */
function LoadingProgress({ message, label }: { message: string; label: string }) {
  const percent = /\((\d+) %\)/.exec(message)?.[1];
  return percent === undefined ? null : <progress aria-label={label} max={100} value={Number(percent)} />;
}

function KeyForm() {
  const text = useText();
  const { connection } = useParts();
  const [key, setKey] = useState("");
  const use = (event: Event) => {
    event.preventDefault();
    if (key.trim()) connection.useKey(key.trim());
  };
  return (
    <form class="key-form" onSubmit={use}>
      <input
        type="password"
        aria-label={text.key}
        placeholder={text.key}
        autocomplete="off"
        value={key}
        onInput={({ currentTarget }) => setKey(currentTarget.value)}
      />
      <button type="submit" class="main-button">
        {text.useKey}
      </button>
      {connection.key && <p class="quiet">{text.wrongKey}</p>}
    </form>
  );
}
