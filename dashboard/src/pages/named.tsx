// Things that filters name by their id, by the name that people know.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { one, resource, useEndpoint } from "../api/queries.ts";
import type { Actor, Detection, Page } from "../api/shapes.ts";
import type { Suggestion } from "../parts/filters.tsx";
import { Hostile, Operation } from "../parts/marks.tsx";
import { useLater } from "../parts/words.tsx";
import { many } from "../words/numbers.ts";
import { absolute, instant } from "../words/time.ts";
import { visible } from "../words/visible.ts";

export function ActorName({ id }: { id: string }) {
  const actor = useQuery(one<Actor>("/actors", id)).data;
  return actor ? <Hostile text={actor.label} most={40} /> : visible(id, 24);
}

export function DetectionName({ id }: { id: string }) {
  const detection = useQuery(one<Detection>("/detections", id)).data;
  return detection ? <Hostile text={detection.title} most={60} /> : visible(id, 24);
}

export function EndpointName({ id }: { id: string }) {
  const endpoint = useEndpoint(id).data;
  return endpoint ? <Operation endpoint={endpoint} /> : visible(id, 24);
}

export function Moment({ at }: { at: string }) {
  const time = instant(at);
  return time === undefined ? visible(at, 40) : absolute(time);
}

/** Words choose an actor by a part of its label; those with detections come first. */
export function useActorSuggestions(name: string) {
  const [text, typed] = useState("");
  const label = useLater(text, 150);
  const actors = useQuery({
    ...resource<Page<Actor>>("/actors", { label, limit: 8 }),
    enabled: label !== "",
  });
  const found: Suggestion[] = (text === "" ? [] : (actors.data?.items ?? [])).map((actor) => ({
    name,
    value: actor.id,
    single: true,
    words: (
      <>
        {actor.kind} <Hostile text={actor.label} most={80} />
      </>
    ),
    end: actor.detections > 0 ? many(actor.detections, "detection") : undefined,
  }));
  return { typed, found };
}
