-- Where events go, and what was sent there. `body` is the subscription as JSON; `active` is 0 when
-- the sink is configured no more: its numbers go on when it comes back.
CREATE TABLE sinks (
    organisation TEXT   NOT NULL,
    environment  TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    active       BIGINT NOT NULL,
    body         TEXT   NOT NULL,
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
    organisation  TEXT   NOT NULL,
    environment   TEXT   NOT NULL,
    sink          TEXT   NOT NULL,
    sequence      BIGINT NOT NULL,
    event_id      TEXT   NOT NULL,
    state         TEXT   NOT NULL,
    attempts      BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    due_at        BIGINT NOT NULL,
    claimed_until BIGINT NOT NULL,
    holder        TEXT   NOT NULL,
    error         TEXT   NOT NULL,
    body          TEXT   NOT NULL,
    PRIMARY KEY (organisation, environment, sink, sequence)
);
CREATE INDEX deliveries_by_due ON deliveries (organisation, environment, sink, state, due_at);
CREATE INDEX deliveries_by_event ON deliveries (organisation, environment, event_id);
