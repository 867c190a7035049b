// What merges made of an endpoint, as the administration API answers it.

/** A path that was merged. */
export interface MergedPath {
  /** Behind its host. */
  path: string;
  methods: string[];
  endpoint_ids: string[];
}

export interface Parts {
  endpoint_id: string;
  /** The path that stays for all that is not kept apart. */
  path: string;
  items: MergedPath[];
  is_all: boolean;
}

/** What is kept apart. */
export interface Split {
  endpoint_id: string;
  paths: string[];
  is_new: boolean;
}
