import { useEffect, useLayoutEffect } from "preact/hooks";
import type { Session } from "../chat/session";

/** Shows the conversation that the address names (#id), or a new one. */
export function followAddress(session: Session): void {
  if (location.hash) session.open(location.hash.slice(1));
  else session.begin();
}

/** Keeps the conversation on the screen in the address: reload, back and forward then find it. */
export function useAddress(session: Session, current: string, begun: boolean): void {
  useEffect(() => {
    const follow = () => followAddress(session);
    window.addEventListener("popstate", follow);
    return () => window.removeEventListener("popstate", follow);
  }, [session]);
  // with the change itself and not after the next frame: "back" may come at once
  useLayoutEffect(() => {
    const wanted = begun ? `#${current}` : "";
    if (location.hash !== wanted) history.pushState(null, "", wanted || location.pathname + location.search);
  }, [current, begun]);
}
