/** Starts the page. Everything it shows comes from the stores; everything it does goes through the host. */
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { openLink } from "./host/link.ts";
import { watchNetwork } from "./host/wake.ts";
import { applyTheme } from "./stores/theme.ts";
import "./styles/index.css";

applyTheme();
void openLink();
watchNetwork();

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
