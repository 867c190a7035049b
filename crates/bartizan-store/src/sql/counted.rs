//! Counts of what is in a list, by the values of its columns.

use super::select::{Select, Statement};

impl Select {
    /// How many have which value of a column under all conditions, `NULL` left out, for each column without
    /// a condition of its own; with the empty name how many there are. One look at the rows is enough for
    /// all: they are grouped by all columns first, which an index in the order of `columns` does as it
    /// goes. A row is name, value as text, and number.
    pub(crate) fn count_by_each(&self, columns: &[&'static str]) -> Statement {
        let all = columns.join(", ");
        let begin = format!(
            "WITH groups_of AS MATERIALIZED (SELECT {all}, COUNT(*) AS things FROM {}",
            self.table()
        );
        let (mut text, values) = self.under_conditions(begin, None);
        let sum = "CAST(COALESCE(SUM(things), 0) AS BIGINT) FROM groups_of";
        text.push_str(&format!(" GROUP BY {all}) SELECT '', '', {sum}"));
        for column in columns.iter().filter(|column| !self.has_condition_on(column)) {
            text.push_str(&format!(
                " UNION ALL SELECT '{column}', CAST({column} AS TEXT), {sum} \
                 WHERE {column} IS NOT NULL GROUP BY {column}"
            ));
        }
        (text, values)
    }

    /// The same for a column by itself, under the conditions on other columns.
    pub(crate) fn count_by(&self, column: &'static str) -> Statement {
        let begin =
            format!("SELECT '{column}', CAST({column} AS TEXT), COUNT(*) FROM {}", self.table());
        let (mut text, values) = self.under_conditions(begin, Some(column));
        text.push_str(&format!(" AND {column} IS NOT NULL GROUP BY {column}"));
        (text, values)
    }

    /// Whether some condition is on that column.
    pub(crate) fn has_condition_on(&self, column: &str) -> bool {
        self.columns().any(|one| one == column)
    }
}

#[cfg(test)]
mod tests {
    use bartizan_model::Scope;

    use crate::sql::select::{List, Select};

    const LIST: List = List { name: "things", columns: "body", table: "things" };

    fn select() -> Select {
        let mut select = Select::new(&LIST, &Scope::default());
        select.also_any("state", ["open", "confirmed"]);
        select
    }

    #[test]
    fn a_facet_with_a_filter_on_itself_is_counted_without_it() {
        let (text, values) = select().count_by("state");
        assert_eq!(
            text,
            "SELECT 'state', CAST(state AS TEXT), COUNT(*) FROM things WHERE organisation = $1 \
             AND environment = $2 AND state IS NOT NULL GROUP BY state"
        );
        assert_eq!(values.len(), 2);
    }

    #[test]
    fn other_facets_are_counted_at_once() {
        let (text, values) = select().count_by_each(&["state", "host"]);
        assert_eq!(
            text,
            "WITH groups_of AS MATERIALIZED (SELECT state, host, COUNT(*) AS things FROM things \
             WHERE organisation = $1 AND environment = $2 AND state IN ($3, $4) GROUP BY state, host) \
             SELECT '', '', CAST(COALESCE(SUM(things), 0) AS BIGINT) FROM groups_of \
             UNION ALL SELECT 'host', CAST(host AS TEXT), \
             CAST(COALESCE(SUM(things), 0) AS BIGINT) FROM groups_of WHERE host IS NOT NULL GROUP BY host"
        );
        assert_eq!(values.len(), 4);
    }
}
