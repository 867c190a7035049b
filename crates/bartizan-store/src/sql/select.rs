//! Builds the `SELECT` of a list from fixed pieces of text and bound values.

use bartizan_model::Scope;

use crate::{
    error::Result,
    query::{Cursor, PageRequest, SortKey},
};

/// One list: where it comes from and how it is sorted. All text is fixed; values are bound.
pub(crate) struct List {
    /// Names the list in cursors.
    pub(crate) name: &'static str,
    /// Columns that are read.
    pub(crate) columns: &'static str,
    /// The table.
    pub(crate) table: &'static str,
    /// Columns of the sort key, unique together within a scope.
    pub(crate) order: &'static [&'static str],
    /// Whether the largest key comes first (all columns alike).
    pub(crate) descending: bool,
}

/// A `SELECT` under construction.
pub(crate) struct Select {
    list: &'static List,
    text: String,
    values: Vec<SortKey>,
}

impl Select {
    pub(crate) fn new(list: &'static List, scope: &Scope) -> Self {
        let text = format!(
            "SELECT {} FROM {} WHERE organisation = $1 AND environment = $2",
            list.columns, list.table
        );
        let values = vec![
            SortKey::Text(scope.organisation.as_str().to_owned()),
            SortKey::Text(scope.environment.as_str().to_owned()),
        ];
        Self { list, text, values }
    }

    /// Adds a condition; `?` in it stands for `value`.
    pub(crate) fn also(&mut self, condition: &'static str, value: SortKey) {
        let parameter = self.bind(value);
        self.text.push_str(" AND ");
        self.text.push_str(&condition.replace('?', &parameter));
    }

    /// Adds a condition without a value. It may use `$1` and `$2`, organisation and environment.
    pub(crate) fn also_fixed(&mut self, condition: &'static str) {
        self.text.push_str(" AND ");
        self.text.push_str(condition);
    }

    /// Adds a condition on text, when there is one.
    pub(crate) fn also_text(&mut self, condition: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.also(condition, SortKey::Text(value.to_owned()));
        }
    }

    /// Adds a condition on a number, when there is one.
    pub(crate) fn also_int(&mut self, condition: &'static str, value: Option<i64>) {
        if let Some(value) = value {
            self.also(condition, SortKey::Int(value));
        }
    }

    /// Adds `column LIKE '%value%'` without ASCII case.
    pub(crate) fn also_contains(&mut self, condition: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.also(condition, SortKey::Text(like(value)));
        }
    }

    /// Adds `column IN (…)`, when there are values.
    pub(crate) fn also_any(&mut self, column: &'static str, values: Vec<SortKey>) {
        if values.is_empty() {
            return;
        }
        let parameters: Vec<_> = values.into_iter().map(|v| self.bind(v)).collect();
        self.text.push_str(&format!(" AND {column} IN ({})", parameters.join(", ")));
    }

    /// Keeps exchange-log blocks in which one of `subjects` occurs.
    pub(crate) fn also_subjects(&mut self, subjects: impl IntoIterator<Item = i64>) {
        let parameters: Vec<_> =
            subjects.into_iter().map(|key| self.bind(SortKey::Int(key))).collect();
        self.text.push_str(&format!(
            " AND (segment, position) IN (SELECT segment, position FROM exchange_subjects \
             WHERE organisation = $1 AND environment = $2 AND subject IN ({}))",
            parameters.join(", ")
        ));
    }

    fn bind(&mut self, value: SortKey) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    /// Finishes with sort order and limit. One row more than asked for is read, to know whether the
    /// list goes on.
    pub(crate) fn page(mut self, page: &PageRequest) -> Result<(String, Vec<SortKey>)> {
        let (comparison, direction) =
            if self.list.descending { ("<", "DESC") } else { (">", "ASC") };
        if let Some(after) = &page.after {
            let keys = after.decode(self.list.name, self.list.order.len())?;
            let parameters: Vec<_> = keys.into_iter().map(|k| self.bind(k)).collect();
            self.text.push_str(&format!(
                " AND ({}) {comparison} ({})",
                self.list.order.join(", "),
                parameters.join(", ")
            ));
        }
        let order: Vec<_> =
            self.list.order.iter().map(|column| format!("{column} {direction}")).collect();
        let limit = self.bind(SortKey::Int(i64::from(page.clamped()) + 1));
        self.text.push_str(&format!(" ORDER BY {} LIMIT {limit}", order.join(", ")));
        Ok((self.text, self.values))
    }
}

impl List {
    /// The cursor behind an item with this sort key.
    pub(crate) fn cursor(&self, keys: &[SortKey]) -> Cursor {
        Cursor::encode(self.name, keys)
    }
}

/// A pattern for `LOWER(column) LIKE ? ESCAPE '\'` that finds `text` anywhere.
fn like(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('%');
    for ch in text.to_ascii_lowercase().chars() {
        if matches!(ch, '%' | '_' | '\\') {
            out.push('\\');
        }
        out.push(ch);
    }
    out.push('%');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    static LIST: List = List {
        name: "things",
        columns: "body",
        table: "things",
        order: &["severity", "id"],
        descending: true,
    };

    #[test]
    fn conditions_are_numbered_and_bound() {
        let mut select = Select::new(&LIST, &Scope::default());
        select.also_text("host = ?", Some("a'b"));
        select.also_int("risk >= ?", None);
        select.also_any("state", vec![SortKey::Int(1), SortKey::Int(2)]);
        let after = LIST.cursor(&[SortKey::Int(3), SortKey::Text("x".to_owned())]);
        let (text, values) = select.page(&PageRequest::after(10, after)).expect("own cursor");
        assert_eq!(
            text,
            "SELECT body FROM things WHERE organisation = $1 AND environment = $2 AND host = $3 \
             AND state IN ($4, $5) AND (severity, id) < ($6, $7) ORDER BY severity DESC, id DESC \
             LIMIT $8"
        );
        assert_eq!(values.len(), 8);
        assert_eq!(values[2], SortKey::Text("a'b".to_owned()));
        assert_eq!(values[7], SortKey::Int(11));
    }

    #[test]
    fn patterns_take_text_literally() {
        assert_eq!(like("50%_\\A"), "%50\\%\\_\\\\a%");
    }
}
