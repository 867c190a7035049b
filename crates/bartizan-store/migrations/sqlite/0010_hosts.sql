-- What is counted and looked for fits into an index, whatever its length was.
UPDATE findings SET host = substr(host, 1, 255) WHERE length(host) > 255;
UPDATE actors SET label = substr(label, 1, 255) WHERE length(label) > 255;
