import { defineConfig } from "vite";

const SERVER = "http://127.0.0.1:8080"; // where `npm run dev` finds a running Qingmo

export default defineConfig({
  base: "./", // relative addresses: the page works under any sub-path
  build: {
    outDir: "../src/qingmo/server/page",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0, // a data: address would need a looser Content-Security-Policy
    modulePreload: { polyfill: false },
    rolldownOptions: { checks: { pluginTimings: false } }, // a slow machine is no news
    license: { fileName: "licenses.md" }, // the notices of what is bundled
  },
  server: { proxy: { "/v1": SERVER, "/health": SERVER } },
  test: { include: ["test/**/*.test.ts"] },
} as Parameters<typeof defineConfig>[0]);
