import { useEffect, useRef } from "react";

/** Keys by their name (`j`, `?`, `Escape`, `ctrl+k`); a handler that answers false leaves the key to others. */
export type Keys = Record<string, (event: KeyboardEvent) => unknown>;

// The last one that was mounted is asked first: a dialog before its page, a page before the frame.
const stack: { current: Keys; first: boolean }[] = [];

/** Whether the key is meant for what has the focus. */
function isTyping(event: KeyboardEvent): boolean {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName)
    ? !(target instanceof HTMLInputElement && target.type === "checkbox")
    : false;
}

function name(event: KeyboardEvent): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const held = event.ctrlKey || event.metaKey ? "ctrl+" : "";
  return held + (event.shiftKey && /^[a-z]$/.test(key) ? "shift+" : "") + key;
}

function onKey(event: KeyboardEvent) {
  if (event.defaultPrevented || event.isComposing || event.altKey) return;
  const key = name(event);
  if (isTyping(event) && !key.startsWith("ctrl+")) return;
  // Whatever is open above the page keeps the page's letters to itself.
  if (document.querySelector("dialog[open]") && key !== "ctrl+k") return;
  // Enter and Space belong to a button or link that has the focus.
  if (
    (key === "Enter" || key === " ") &&
    event.target instanceof Element &&
    event.target.closest("a,button,input")
  )
    return;
  const order = stack.toReversed().sort((a, b) => Number(b.first) - Number(a.first));
  for (const keys of order) {
    const handler = keys.current[key];
    if (handler && handler(event) !== false) {
      event.preventDefault();
      return;
    }
  }
}

/** Listens for keys while the component is there; `first` is asked before all others. */
export function useKeys(keys: Keys, first = false): void {
  const current = useRef(keys);
  current.current = keys;
  useEffect(() => {
    const entry = {
      first,
      get current() {
        return current.current;
      },
    };
    if (stack.length === 0) document.addEventListener("keydown", onKey);
    stack.push(entry);
    return () => {
      stack.splice(stack.indexOf(entry), 1);
      if (stack.length === 0) document.removeEventListener("keydown", onKey);
    };
  }, [first]);
}
