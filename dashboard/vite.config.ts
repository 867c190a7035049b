import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// `npm run dev` against a running `bartizan serve`: its administration address.
const target = process.env.BARTIZAN_ADMIN ?? "http://127.0.0.1:9900";

export default defineConfig({
  plugins: [react()],
  server: {
    host: "127.0.0.1",
    // The server checks Host and Origin, so both are made its own.
    proxy: { "/api": { target, changeOrigin: true, headers: { origin: target } } },
  },
  build: {
    target: "es2023",
    // `data:` addresses are not in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    cssCodeSplit: false,
    sourcemap: false,
  },
});
