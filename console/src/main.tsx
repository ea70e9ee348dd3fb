import "@fontsource-variable/inter/wght.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./i18n";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import { applyTheme } from "./shell/theme";

applyTheme();

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no element for the application");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
