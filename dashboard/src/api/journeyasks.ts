// What journeys are asked with. It goes away once the API's document, and with it `schema.ts`, names it too.
import type {} from "./schema.ts";

declare module "./schema.ts" {
  interface Asks {
    "/journeys": "after" | "fields" | "format" | "host" | "limit" | "role" | "sort";
  }
}
