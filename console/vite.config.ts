import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** The server that `npm run dev` talks to: any running Signalbox web process. */
const server = process.env.SIGNALBOX_WEB ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: fileURLToPath(new URL("../signalbox/web/static", import.meta.url)),
    emptyOutDir: true,
    // The content security policy allows files of our own origin only, so nothing is inlined as a data URL.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: ["chrome123", "edge123", "firefox121", "safari17.5"],
    chunkSizeWarningLimit: 600,
  },
  server: {
    proxy: {
      "/api": { target: server, ws: true, secure: false },
      "/install-certificate": { target: server, secure: false },
    },
  },
  test: { environment: "node", include: ["tests/**/*.test.ts"] },
});
