import { useText } from "../text";
import { Icon } from "./icons";

/** Says that the demo model answers, and how to change that. */
export function DemoBanner() {
  const text = useText();
  return (
    <details class="demo">
      <summary>
        <Icon name="info" />
        <span>{text.demo}</span>
        <span class="demo-more">{text.demoMore}</span>
      </summary>
      <div class="demo-how">
        <p>{text.demoHow}</p>
        <ul>
          {text.demoWays.map(([way, command]) => (
            <li key={way}>
              {way} <code>{command}</code>
            </li>
          ))}
        </ul>
      </div>
    </details>
  );
}
