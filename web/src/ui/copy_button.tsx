import { useEffect, useState } from "preact/hooks";
import { useText } from "../text";
import { copyText } from "./clipboard";
import { IconButton } from "./icon_button";

const SHOWN_MS = 1600;

export function CopyButton({ text }: { text: string }) {
  const { copy, copied } = useText();
  const [done, setDone] = useState(false);
  useEffect(() => {
    const timer = done ? setTimeout(() => setDone(false), SHOWN_MS) : undefined;
    return () => clearTimeout(timer);
  }, [done]);
  return (
    <IconButton
      icon={done ? "check" : "copy"}
      label={done ? copied : copy}
      onClick={() => void copyText(text).then(() => setDone(true))}
    />
  );
}
