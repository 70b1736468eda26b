import { useEffect, useReducer, useState } from "preact/hooks";
import type { Observable } from "../chat/observable";

export function useObservable<State>(source: Observable<State>): State {
  const [state, set] = useState(source.state);
  useEffect(() => {
    set(source.state); // it may have changed between the first drawing and this effect
    return source.subscribe(() => set(source.state));
  }, [source]);
  return state;
}

/** Draws again when `source` changes, at most once a frame: more often could not be seen. */
export function useFrames(source: { subscribe(listener: () => void): () => void } | undefined): void {
  const [, draw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    let frame = 0;
    const unsubscribe = source?.subscribe(() => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        draw(undefined);
      });
    });
    return () => {
      unsubscribe?.();
      cancelAnimationFrame(frame);
    };
  }, [source]);
}

/** Calls `handler` for each key pressed anywhere on the page. */
export function useKeys(handler: (event: KeyboardEvent) => void): void {
  useEffect(() => {
    window.addEventListener("keydown", handler);
    return () => window.removeEventListener("keydown", handler);
  });
}
