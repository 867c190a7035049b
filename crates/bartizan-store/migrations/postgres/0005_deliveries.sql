-- Where events go, and what was sent there. `body` is the subscription as JSON; `active` is 0 when
-- the sink is configured no more: its numbers go on when it comes back.
CREATE TABLE sinks (
    organisation TEXT COLLATE "C" NOT NULL,
    environment  TEXT COLLATE "C" NOT NULL,
    name         TEXT COLLATE "C" NOT NULL,
    active       BIGINT NOT NULL,
    body         TEXT COLLATE "C" NOT NULL,
    sequence     BIGINT NOT NULL,
    sent         BIGINT NOT NULL,
    failed       BIGINT NOT NULL,
    dead         BIGINT NOT NULL,
    dropped      BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, name)
);
-- One row for each event and sink until it was sent. `state` is `waiting` or `dead`. While
-- `claimed_until` lies ahead, `holder` is sending it.
CREATE TABLE deliveries (
    organisation  TEXT COLLATE "C" NOT NULL,
    environment   TEXT COLLATE "C" NOT NULL,
    sink          TEXT COLLATE "C" NOT NULL,
    sequence      BIGINT NOT NULL,
    event_id      TEXT COLLATE "C" NOT NULL,
    state         TEXT COLLATE "C" NOT NULL,
    attempts      BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    due_at        BIGINT NOT NULL,
    claimed_until BIGINT NOT NULL,
    holder        TEXT COLLATE "C" NOT NULL,
    error         TEXT COLLATE "C" NOT NULL,
    body          TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (organisation, environment, sink, sequence)
);
CREATE INDEX deliveries_by_due ON deliveries (organisation, environment, sink, state, due_at);
CREATE INDEX deliveries_by_event ON deliveries (organisation, environment, event_id);
