//! What people do with findings beside deciding about them: who works on one, and what is said of it.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bartizan_model::{FindingId, Scope, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Result, StoreError};

/// Most characters of a comment.
pub const MAX_COMMENT: usize = 4_000;
/// Most comments on one finding.
pub const MAX_COMMENTS: u64 = 1_000;

/// Who is to work on a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// Which finding.
    pub finding: FindingId,
    /// Name of a user who may log in; `None` for nobody.
    pub to: Option<String>,
    /// Who says so.
    pub who: String,
    /// When.
    pub now: Timestamp,
}

/// Something to be said of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewComment {
    /// Which finding.
    pub finding: FindingId,
    /// Plain text of 1 to [`MAX_COMMENT`] characters; of control characters it may have line breaks
    /// and tabs.
    pub text: String,
    /// Who says it.
    pub who: String,
    /// When.
    pub now: Timestamp,
}

/// Something that was said of a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FindingComment {
    /// From 1, in order.
    pub sequence: u64,
    /// When.
    pub time: Timestamp,
    /// Who.
    pub who: String,
    /// What, as plain text.
    pub text: String,
}

/// Assignees of findings and comments on them.
#[async_trait]
pub trait Triage: Send + Sync + std::fmt::Debug {
    /// Gives a finding to somebody or to nobody. Audited; nothing is written when it is theirs already.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for the finding; [`StoreError::InvalidChange`] when there is no such
    /// user, or they may not log in.
    async fn assign_finding(&self, scope: &Scope, assignment: &Assignment) -> Result<()>;
    /// Who works on these findings. Those on which nobody does are missing.
    async fn assignees(
        &self,
        scope: &Scope,
        ids: &[FindingId],
    ) -> Result<BTreeMap<FindingId, String>>;
    /// Adds a comment. Audited.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::InvalidChange`] when it is no text for a comment, or the
    /// finding has [`MAX_COMMENTS`].
    async fn comment_on_finding(&self, scope: &Scope, new: &NewComment) -> Result<FindingComment>;
    /// What was said of a finding, in order.
    async fn finding_comments(&self, scope: &Scope, id: &FindingId) -> Result<Vec<FindingComment>>;
}

/// Refuses what is no comment.
pub(crate) fn check_comment(new: &NewComment, count: u64) -> Result<()> {
    let subject = || format!("finding {}", new.finding);
    let refuse = |reason| Err(StoreError::InvalidChange { subject: subject(), reason });
    let is_foreign = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if new.text.trim().is_empty() || new.text.chars().count() > MAX_COMMENT {
        return refuse("a comment has 1 to 4000 characters");
    }
    if new.text.chars().any(is_foreign) {
        return refuse("a comment is plain text");
    }
    if count >= MAX_COMMENTS {
        return refuse("it has as many comments as may be");
    }
    Ok(())
}
