import { useRef } from "preact/hooks";
import { ImportError } from "../chat/exchange";
import { useText } from "../text";
import { useParts } from "./context";

/** Reads exported files; says how it went. */
export function ImportButton({ onResult }: { onResult: (text: string) => void }) {
  const text = useText();
  const { session } = useParts();
  const input = useRef<HTMLInputElement>(null);

  const read = async () => {
    const field = input.current!;
    try {
      let count = 0;
      for (const file of field.files ?? []) count += session.import(await file.text());
      onResult(text.imported(count));
    } catch (error) {
      if (!(error instanceof ImportError)) throw error;
      onResult(text.importFailed);
    }
    field.value = ""; // the same file can be chosen again
  };
  return (
    <>
      <button type="button" class="text-button" onClick={() => input.current!.click()}>
        {text.import}
      </button>
      <input ref={input} type="file" hidden multiple accept=".json,.md,application/json,text/markdown" onChange={() => void read()} />
    </>
  );
}
