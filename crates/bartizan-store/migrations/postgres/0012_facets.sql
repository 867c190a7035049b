-- Facets of findings are counted in one walk along an index that has what they are grouped by, in order.
CREATE INDEX findings_by_facets
    ON findings (organisation, environment, state, severity, code, host, assignee);
