//! Assignees and comments. `$1` and `$2` are organisation and environment, `$3` is the finding.

pub(crate) const ASSIGNEE: &str = "\
SELECT assignee FROM findings WHERE organisation = $1 AND environment = $2 AND id = $3";

pub(crate) const SET_ASSIGNEE: &str = "\
UPDATE findings SET assignee = $4 WHERE organisation = $1 AND environment = $2 AND id = $3";

/// Goes on with a list of ids in parentheses.
pub(crate) const ASSIGNEES: &str = "\
SELECT id, assignee FROM findings \
WHERE organisation = $1 AND environment = $2 AND assignee IS NOT NULL AND id IN ";

pub(crate) const ADD_COMMENT: &str = "\
INSERT INTO finding_comments (organisation, environment, finding_id, sequence, time, who, text) \
VALUES ($1, $2, $3, $4, $5, $6, $7)";

/// How many, and the number of the last.
pub(crate) const COMMENT_COUNT: &str = "\
SELECT COUNT(*), COALESCE(MAX(sequence), 0) FROM finding_comments \
WHERE organisation = $1 AND environment = $2 AND finding_id = $3";

pub(crate) const COMMENTS: &str = "\
SELECT sequence, time, who, text FROM finding_comments \
WHERE organisation = $1 AND environment = $2 AND finding_id = $3 ORDER BY sequence";
