//! Several applications in one folder: what one configures is not said of the others.

/// The folders of applications.
#[derive(Debug, Default)]
pub(super) struct Apps {
    roots: Vec<String>,
}

impl Apps {
    /// With the folders that applications begin in, without a final `/`.
    pub(super) fn new(mut roots: Vec<String>) -> Self {
        roots.sort();
        roots.dedup();
        Self { roots }
    }

    /// The application that a file is part of; `None` for one that all may use.
    fn of(&self, file: &str) -> Option<&str> {
        self.roots
            .iter()
            .filter(|root| {
                root.is_empty()
                    || file.strip_prefix(root.as_str()).is_some_and(|rest| rest.starts_with('/'))
            })
            .max_by_key(|root| root.len())
            .map(String::as_str)
    }

    /// Whether what is in the one file may be said of what is in the other.
    pub(super) fn share(&self, one: &str, other: &str) -> bool {
        if self.roots.len() < 2 {
            return true;
        }
        match (self.of(one), self.of(other)) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Apps;

    #[test]
    fn applications_share_libraries_only() {
        let apps = Apps::new(vec!["orders".to_owned(), "users".to_owned()]);
        assert!(apps.share("orders/src/A.java", "orders/src/B.java"));
        assert!(apps.share("orders/src/A.java", "common/src/B.java"));
        assert!(!apps.share("orders/src/A.java", "users/src/B.java"));
    }
}
