import { useText } from "../text";
import { useParts } from "./context";
import { Mark } from "./icons";

export function Welcome() {
  const text = useText();
  const { session } = useParts();
  return (
    <div class="scroller">
      <section class="welcome">
        <Mark />
        <h2>{text.welcome}</h2>
        <p class="quiet">{text.welcomeMore}</p>
        <ul class="examples">
          {text.examples.map(({ title, question }) => (
            <li key={title}>
              <button type="button" onClick={() => session.ask(question)}>
                <strong>{title}</strong>
                <span>{question}</span>
              </button>
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}
