-- What is counted and looked for fits into an index, whatever its length was.
UPDATE findings SET host = substr(host, 1, 255) WHERE length(host) > 255;
UPDATE actors SET label = substr(label, 1, 255) WHERE length(label) > 255;

-- The data map tells who can reach what carries a class.
DROP INDEX endpoints_by_flows;
CREATE INDEX endpoints_by_flows ON endpoints (organisation, environment, data_flows, access, id);
