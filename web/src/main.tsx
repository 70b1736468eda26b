import "./styles/base.css";
import "./styles/layout.css";
import "./styles/messages.css";
import "./styles/markdown.css";
import "./styles/panels.css";

import { render } from "preact";
import { Session } from "./chat/session";
import { Connection } from "./server/connection";
import { App } from "./ui/app";
import { PartsContext } from "./ui/context";
import { followAddress } from "./ui/use_address";

const connection = new Connection();
void connection.check();
const session = await Session.open(connection);
followAddress(session);
render(
  <PartsContext.Provider value={{ session, connection }}>
    <App />
  </PartsContext.Provider>,
  document.getElementById("page")!,
);
