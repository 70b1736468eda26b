import type { Message } from "../chat/conversation";
import { useText } from "../text";
import { useParts } from "./context";
import { IconButton } from "./icon_button";

/** < 1/2 > where a message stands in several branches. */
export function Versions({ message, versions }: { message: Message; versions: Message[] }) {
  const text = useText();
  const { session } = useParts();
  if (versions.length < 2) return null;
  const at = versions.indexOf(message);
  const go = (to: number) => session.choose(versions[to]!);
  return (
    <span class="versions">
      <IconButton icon="left" label={text.previous} disabled={at === 0} onClick={() => go(at - 1)} />
      <span role="img" aria-label={text.version(at + 1, versions.length)}>
        {at + 1}/{versions.length}
      </span>
      <IconButton icon="right" label={text.next} disabled={at === versions.length - 1} onClick={() => go(at + 1)} />
    </span>
  );
}
