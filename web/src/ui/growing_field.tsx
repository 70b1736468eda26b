import { useEffect, useLayoutEffect, useRef } from "preact/hooks";

interface GrowingFieldProps {
  label: string;
  value: string;
  placeholder?: string;
  autofocus?: boolean;
  onInput: (value: string) => void;
  onKeyDown: (event: KeyboardEvent) => void;
}

const COMPOSING = 229; // what Safari reports for the Enter that ends a composition, after isComposing is false again

/** Enter alone, and not the Enter that confirms a candidate of an input method. */
export function isSendKey(event: KeyboardEvent): boolean {
  return event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== COMPOSING;
}

/** A text field as tall as its text, up to what the style sheet allows. */
export function GrowingField({ label, value, placeholder, autofocus, onInput, onKeyDown }: GrowingFieldProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    const { style } = field.current!;
    style.height = "auto";
    style.height = `${field.current!.scrollHeight}px`;
  }, [value]);
  useEffect(() => {
    if (!autofocus) return;
    field.current!.focus();
    field.current!.setSelectionRange(value.length, value.length);
  }, []);
  return (
    <textarea
      ref={field}
      class="growing"
      rows={1}
      aria-label={label}
      placeholder={placeholder}
      value={value}
      onInput={({ currentTarget }) => onInput(currentTarget.value)}
      onKeyDown={onKeyDown}
    />
  );
}
