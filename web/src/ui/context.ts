import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Session } from "../chat/session";
import type { Connection } from "../server/connection";

/** What main.tsx hands to every component. */
export interface Parts {
  session: Session;
  connection: Connection;
}

export const PartsContext = createContext<Parts | null>(null);
export const useParts = (): Parts => useContext(PartsContext)!;
