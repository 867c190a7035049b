// Addresses that `schema.ts` has not yet: to be taken away once it is generated with them.
declare module "./schema.ts" {
  interface Asks {
    "/clients": "after" | "fields" | "form" | "format" | "kind" | "label" | "limit" | "sort";
    "/clients/facets": "form" | "kind" | "label";
  }
}

export {};
