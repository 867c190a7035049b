-- Conditions of own keys: a JSON object; what is missing is no condition.
ALTER TABLE api_keys ADD COLUMN terms TEXT COLLATE "C" NOT NULL DEFAULT '{}';
