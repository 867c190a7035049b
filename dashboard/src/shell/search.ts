import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";
import { all, first, replace, type Search, toggle } from "../words/address.ts";

/** The filters and the view of a page, which live in the address. */
export function useAddress() {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const go = useCallback(
    (next: Search, push = false) => navigate({ to: ".", search: next, replace: !push, resetScroll: false }),
    [navigate],
  );
  return {
    search,
    go,
    all: (name: string) => all(search, name),
    first: (name: string) => first(search, name),
    set: (name: string, value: string | string[] | undefined) => go(replace(search, name, value)),
    toggle: (name: string, value: string) => go(toggle(search, name, value)),
  };
}
