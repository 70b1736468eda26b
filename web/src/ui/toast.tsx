import { useEffect } from "preact/hooks";

export interface ToastMessage {
  text: string;
  action?: { label: string; run: () => void };
}

const SHOWN_MS = 7000;

/** Tells what has just happened, for some seconds, with a way back where there is one. */
export function Toast({ message, onClose }: { message: ToastMessage; onClose: () => void }) {
  useEffect(() => {
    const timer = setTimeout(onClose, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [message]);
  const act = () => {
    message.action?.run();
    onClose();
  };
  return (
    <div class="toast" role="status">
      <span>{message.text}</span>
      {message.action && (
        <button type="button" class="text-button" onClick={act}>
          {message.action.label}
        </button>
      )}
    </div>
  );
}
