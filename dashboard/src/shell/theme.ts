import { useState } from "react";

export type Theme = "system" | "light" | "dark";

const read = (): Theme => {
  const set = document.documentElement.dataset.theme;
  return set === "light" || set === "dark" ? set : "system";
};

/** The theme of this browser; `system` follows it. `public/theme.js` applies it before the first paint. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState(read);
  const choose = (next: Theme) => {
    if (next === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    try {
      if (next === "system") localStorage.removeItem("bartizan.theme");
      else localStorage.setItem("bartizan.theme", next);
    } catch {
      // Storage may be closed to us; the choice then holds for this page.
    }
    setTheme(next);
  };
  return [theme, choose];
}
