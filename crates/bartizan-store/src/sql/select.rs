//! Builds the `SELECT` of a list, or of counts of what is in it, from fixed pieces of text and bound
//! values.

use bartizan_model::Scope;

use crate::{
    error::{Result, StoreError},
    query::{Cursor, PageRequest, SortKey},
    sql::sorted::{Key, Sorted},
};

/// One list: where it comes from. All text is fixed; values are bound.
pub(crate) struct List {
    /// Names the list in cursors.
    pub(crate) name: &'static str,
    /// Columns that are read.
    pub(crate) columns: &'static str,
    /// The table.
    pub(crate) table: &'static str,
}

/// Most values, or sets of values of several columns, that are looked up by themselves.
const MOST_PARTS: usize = 40;

/// Columns with one value of each.
type Only<'a> = Vec<(&'static str, &'a SortKey)>;

/// Things in order, all or those with these values.
struct Run<'a> {
    sorted: &'a Sorted,
    only: &'a Only<'a>,
    /// Values of the last keys, behind which it goes on; none for the beginning.
    behind: &'a [SortKey],
    limit: &'a SortKey,
}

/// A statement and what is bound to it.
pub(crate) type Statement = (String, Vec<SortKey>);

/// What things have to fulfil. `?` in the text stands for a value.
struct Condition {
    column: &'static str,
    text: String,
    values: Vec<SortKey>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// The column is one of the values.
    Any,
    /// The column is more or less than the value.
    Range,
    /// The column contains a value, which no index finds.
    Contains,
    Other,
}

impl Condition {
    /// The text, so that no index is looked into for it: it is not what few things fulfil, or an index
    /// that helps with it does not help with the order.
    fn aside(&self) -> String {
        let (column, rest) = (self.column, self.text.strip_prefix(self.column));
        match (rest, self.values.first()) {
            (Some(rest), Some(SortKey::Int(_))) => format!("+{column}{rest}"),
            (Some(rest), Some(SortKey::Text(_))) => format!("({column} || ''){rest}"),
            _ => self.text.clone(),
        }
    }
}

/// A `SELECT` under construction.
pub(crate) struct Select {
    list: &'static List,
    scope: [SortKey; 2],
    conditions: Vec<Condition>,
    found_by: &'static [&'static str],
}

impl Select {
    pub(crate) fn new(list: &'static List, scope: &Scope) -> Self {
        let (organisation, environment) = (scope.organisation.as_str(), scope.environment.as_str());
        let scope = [organisation, environment].map(|text| SortKey::Text(text.to_owned()));
        Self { list, scope, conditions: Vec::new(), found_by: &[] }
    }

    /// Adds a condition on a column; `?` in it stands for each value in turn.
    fn also(&mut self, column: &'static str, text: String, values: Vec<SortKey>, kind: Kind) {
        self.conditions.push(Condition { column, text, values, kind });
    }

    /// Adds a condition without a value. It may use `$1` and `$2`, organisation and environment.
    pub(crate) fn also_fixed(&mut self, condition: &'static str) {
        self.also("", condition.to_owned(), Vec::new(), Kind::Other);
    }

    /// Adds a condition on a column that needs no value.
    pub(crate) fn also_none(&mut self, column: &'static str, condition: &'static str) {
        self.also(column, condition.to_owned(), Vec::new(), Kind::Other);
    }

    /// Adds a comparison of text, when there is any: `also_text("id", "= ?", …)`.
    pub(crate) fn also_text(
        &mut self,
        column: &'static str,
        comparison: &'static str,
        value: Option<&str>,
    ) {
        if let Some(value) = value {
            let value = SortKey::Text(value.to_owned());
            self.also(column, format!("{column} {comparison}"), vec![value], Kind::Other);
        }
    }

    /// Adds a comparison of a number, when there is one: `also_int("risk", ">= ?", …)`.
    pub(crate) fn also_int(
        &mut self,
        column: &'static str,
        comparison: &'static str,
        value: Option<i64>,
    ) {
        if let Some(value) = value {
            let text = format!("{column} {comparison}");
            self.also(column, text, vec![SortKey::Int(value)], Kind::Range);
        }
    }

    /// Keeps what contains one of these texts without ASCII case, when there are any. The column has to
    /// be in small letters, and things of the list have an `id`.
    pub(crate) fn also_contains(
        &mut self,
        column: &'static str,
        texts: impl IntoIterator<Item = impl AsRef<str>>,
    ) {
        let patterns: Vec<_> =
            texts.into_iter().map(|text| SortKey::Text(like(text.as_ref()))).collect();
        if !patterns.is_empty() {
            let each = vec![format!("{column} LIKE ? ESCAPE '\\'"); patterns.len()];
            self.also(column, format!("({})", each.join(" OR ")), patterns, Kind::Contains);
        }
    }

    /// Keeps what has one of these texts, when there are any.
    pub(crate) fn also_any<'a>(
        &mut self,
        column: &'static str,
        texts: impl IntoIterator<Item = &'a str>,
    ) {
        let texts = texts.into_iter().map(|text| SortKey::Text(text.to_owned()));
        self.also_in(column, texts.collect());
    }

    /// Keeps what has one of these numbers, when there are any.
    pub(crate) fn also_any_int(
        &mut self,
        column: &'static str,
        numbers: impl IntoIterator<Item = i64>,
    ) {
        self.also_in(column, numbers.into_iter().map(SortKey::Int).collect());
    }

    fn also_in(&mut self, column: &'static str, values: Vec<SortKey>) {
        if !values.is_empty() {
            let text = format!("{column} IN ({})", vec!["?"; values.len()].join(", "));
            self.also(column, text, values, Kind::Any);
        }
    }

    /// Keeps exchange-log blocks in which one of `subjects` occurs.
    pub(crate) fn also_subjects(&mut self, subjects: impl IntoIterator<Item = i64>) {
        let values: Vec<_> = subjects.into_iter().map(SortKey::Int).collect();
        let text = format!(
            "(segment, position) IN (SELECT segment, position FROM exchange_subjects \
             WHERE organisation = $1 AND environment = $2 AND subject IN ({}))",
            vec!["?"; values.len()].join(", ")
        );
        self.also("", text, values, Kind::Other);
    }

    /// Looks things up by the values of these columns, each set of values by itself, and merges what is
    /// found. For the conditions on `others` no index is looked into.
    pub(crate) fn find_by(&mut self, columns: &'static [&'static str], others: &[&'static str]) {
        self.found_by = columns;
        for condition in &mut self.conditions {
            if !columns.contains(&condition.column) && others.contains(&condition.column) {
                condition.text = condition.aside();
            }
        }
    }

    /// Adds `WHERE` with the conditions to keep. Things are sorted by `lead` first.
    fn conditions(
        &self,
        keep: impl Fn(&Condition) -> bool,
        lead: Option<&str>,
        text: &mut String,
        values: &mut Vec<SortKey>,
    ) {
        text.push_str(" WHERE organisation = $1 AND environment = $2");
        for condition in self.conditions.iter().filter(|one| keep(one)) {
            text.push_str(" AND ");
            let is_lead = lead.is_none_or(|lead| lead == condition.column);
            match condition.kind == Kind::Range && !is_lead {
                true => push(text, values, &condition.aside(), &condition.values),
                false => push(text, values, &condition.text, &condition.values),
            }
        }
    }

    /// One page, the keys of the order being the first columns. One row more than asked for is read, to
    /// know whether the list goes on.
    pub(crate) fn page<O>(&self, sorted: &Sorted, page: &PageRequest<O>) -> Result<Statement> {
        let behind =
            page.after.as_ref().map(|after| self.list.behind(sorted, after)).transpose()?;
        let (behind, limit) =
            (behind.unwrap_or_default(), SortKey::Int(i64::from(page.clamped()) + 1));
        let mut values = self.scope.to_vec();
        let mut parts = Vec::new();
        for only in &self.parts() {
            if let Some(behind) = sorted.within(only, &behind) {
                let run = Run { sorted, only, behind, limit: &limit };
                let text = self.run(&run, &mut values);
                parts.push(format!("SELECT * FROM ({text}) AS part"));
            }
        }
        if parts.is_empty() {
            let run = Run { sorted, only: &Vec::new(), behind: &behind, limit: &limit };
            return Ok((self.run(&run, &mut values), values));
        }
        let keys: Vec<_> = (1..=sorted.keys.len()).map(|at| at.to_string()).collect();
        let mut text = parts.join(" UNION ALL ");
        let end = format!(" ORDER BY {} LIMIT ?", sorted.directed(&keys));
        push(&mut text, &mut values, &end, &[limit]);
        Ok((text, values))
    }

    /// The sets of values that are looked up by themselves; none when there are too many.
    fn parts(&self) -> Vec<Only<'_>> {
        let mut parts: Vec<Only<'_>> = vec![Vec::new()];
        for column in self.found_by {
            let any = |one: &&Condition| one.column == *column && one.kind == Kind::Any;
            let Some(any) = self.conditions.iter().find(any) else { return Vec::new() };
            if parts.len() * any.values.len() > MOST_PARTS {
                return Vec::new();
            }
            let mut longer = Vec::new();
            for part in &parts {
                for value in &any.values {
                    let mut part = part.clone();
                    part.push((*column, value));
                    longer.push(part);
                }
            }
            parts = longer;
        }
        parts.retain(|part| !part.is_empty());
        parts
    }

    fn run(&self, run: &Run<'_>, values: &mut Vec<SortKey>) -> String {
        let (sorted, list) = (run.sorted, self.list);
        let keys = sorted.texts();
        let is_only = |column: &str| run.only.iter().any(|(only, _)| *only == column);
        let whole = format!("SELECT {}, {} FROM {}", keys.join(", "), list.columns, list.table);
        // What is looked for in all things is looked for in an index that has it, which is read instead of
        // the things; PostgreSQL does so only where it is asked for nothing else.
        let is_searched = self.conditions.iter().any(|one| one.kind == Kind::Contains);
        let mut text = match is_searched {
            true => format!("SELECT id FROM {}", list.table),
            false => whole.clone(),
        };
        let lead = keys.iter().copied().find(|key| !is_only(key) && sorted.strict);
        let is_other = |one: &Condition| !is_only(one.column) || one.kind != Kind::Any;
        self.conditions(is_other, lead, &mut text, values);
        for (column, value) in run.only {
            push(&mut text, values, &format!(" AND {column} = ?"), std::slice::from_ref(*value));
        }
        if let [first, ..] = run.behind {
            let comparison = if sorted.descending { "<" } else { ">" };
            let behind = &sorted.keys[sorted.keys.len() - run.behind.len()..];
            let columns: Vec<_> = behind.iter().map(|key| key.text()).collect();
            let (columns, marks) = (columns.join(", "), vec!["?"; behind.len()].join(", "));
            let condition = format!(" AND ({columns}) {comparison} ({marks})");
            push(&mut text, values, &condition, run.behind);
            // A computed key in front of others is not looked up in an index of SQLite.
            if let Key::Computed(key) = behind[0] {
                let condition = format!(" AND {key} {comparison}= ?");
                push(&mut text, values, &condition, std::slice::from_ref(first));
            }
        }
        let order = format!(" ORDER BY {}", sorted.directed(&keys));
        push(&mut text, values, &format!("{order} LIMIT ?"), std::slice::from_ref(run.limit));
        match is_searched {
            true => format!(
                "{whole} WHERE organisation = $1 AND environment = $2 AND id IN ({text}){order}"
            ),
            false => text,
        }
    }

    /// Everything, in no order.
    pub(crate) fn all(&self) -> Statement {
        let List { columns, table, .. } = self.list;
        self.under_conditions(format!("SELECT {columns} FROM {table}"), None)
    }

    /// The cursor behind an item with this sort key.
    pub(crate) fn cursor(&self, sorted: &Sorted, keys: &[SortKey]) -> Cursor {
        self.list.cursor(sorted, keys)
    }

    /// Where the list comes from.
    pub(super) fn table(&self) -> &'static str {
        self.list.table
    }

    /// The column of each condition.
    pub(super) fn columns(&self) -> impl Iterator<Item = &'static str> {
        self.conditions.iter().map(|one| one.column)
    }

    /// A statement that goes on with the conditions, but those on the column `except`.
    pub(super) fn under_conditions(&self, mut text: String, except: Option<&str>) -> Statement {
        let mut values = self.scope.to_vec();
        let is_other = |one: &Condition| Some(one.column) != except;
        self.conditions(is_other, None, &mut text, &mut values);
        (text, values)
    }
}

impl List {
    /// The cursor behind an item with this sort key.
    pub(crate) fn cursor(&self, sorted: &Sorted, keys: &[SortKey]) -> Cursor {
        Cursor::encode(self.name, sorted.word, keys)
    }

    /// The sort key that a cursor of this list in this order holds.
    fn behind(&self, sorted: &Sorted, cursor: &Cursor) -> Result<Vec<SortKey>> {
        let values = cursor.decode(self.name, sorted.word)?;
        let fits = values.len() == sorted.keys.len()
            && sorted.keys.iter().zip(&values).all(|(key, value)| key.takes(value));
        if fits { Ok(values) } else { Err(StoreError::InvalidCursor) }
    }
}

/// Adds text in which each `?` stands for the next of `new`.
fn push(text: &mut String, values: &mut Vec<SortKey>, more: &str, new: &[SortKey]) {
    let mut new = new.iter();
    for (i, piece) in more.split('?').enumerate() {
        if i > 0 {
            values.extend(new.next().cloned());
            text.push_str(&format!("${}", values.len()));
        }
        text.push_str(piece);
    }
}

/// A pattern for `column LIKE ? ESCAPE '\'` that finds `text` anywhere.
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

    static LIST: List = List { name: "things", columns: "body", table: "things" };
    const WORST: Sorted = Sorted::down("-severity", &[Key::Int("severity"), Key::Text("id")]);
    const FIRST: Sorted = Sorted::up("id", &[Key::Text("id")]);

    fn select() -> Select {
        let mut select = Select::new(&LIST, &Scope::default());
        select.also_text("host", "= ?", Some("a'b"));
        select.also_int("risk", ">= ?", None);
        select.also_any("state", ["x", "y"]);
        select
    }

    fn key() -> [SortKey; 2] {
        [SortKey::Int(3), SortKey::Text("x".to_owned())]
    }

    #[test]
    fn conditions_are_numbered_and_bound() {
        let page = PageRequest::<()>::after(10, LIST.cursor(&WORST, &key()));
        let (text, values) = select().page(&WORST, &page).expect("own cursor");
        assert_eq!(
            text,
            "SELECT severity, id, body FROM things WHERE organisation = $1 AND environment = $2 \
             AND host = $3 AND state IN ($4, $5) AND (severity, id) < ($6, $7) \
             ORDER BY severity DESC, id DESC LIMIT $8"
        );
        assert_eq!(values.len(), 8);
        assert_eq!(values[2], SortKey::Text("a'b".to_owned()));
        assert_eq!(values[7], SortKey::Int(11));
    }

    #[test]
    fn values_are_looked_up_by_themselves_and_merged() {
        let mut select = select();
        select.find_by(&["state"], &["host", "state"]);
        let (text, values) = select.page(&FIRST, &PageRequest::<()>::first(1)).expect("a page");
        let part = |host, state, limit| {
            format!(
                "SELECT * FROM (SELECT id, body FROM things WHERE organisation = $1 AND \
                 environment = $2 AND (host || '') = ${host} AND state = ${state} ORDER BY id ASC \
                 LIMIT ${limit}) AS part"
            )
        };
        let (one, other) = (part(3, 4, 5), part(6, 7, 8));
        assert_eq!(text, format!("{one} UNION ALL {other} ORDER BY 1 ASC LIMIT $9"));
        assert_eq!(values.len(), 9);
    }

    #[test]
    fn values_in_front_of_where_a_list_goes_on_are_passed_over() {
        let mut select = Select::new(&LIST, &Scope::default());
        select.also_any_int("severity", [2, 3, 4]);
        select.also_int("id", ">= ?", Some(7));
        select.find_by(&["severity"], &[]);
        let page = PageRequest::<()>::after(1, LIST.cursor(&WORST, &key()));
        let (text, _) = select.page(&WORST, &page).expect("own cursor");
        let begin = "SELECT * FROM (SELECT severity, id, body FROM things WHERE organisation = $1 \
                     AND environment = $2 AND id >=";
        let end = "ORDER BY severity DESC, id DESC LIMIT";
        assert_eq!(
            text,
            format!(
                "{begin} $3 AND severity = $4 {end} $5) AS part UNION ALL {begin} $6 AND severity = \
                 $7 AND (id) < ($8) {end} $9) AS part ORDER BY 1 DESC, 2 DESC LIMIT $10"
            )
        );
    }

    #[test]
    fn what_an_order_does_not_begin_with_is_no_reason_to_leave_its_index() {
        let mut select = Select::new(&LIST, &Scope::default());
        select.also_int("risk", ">= ?", Some(1));
        let sorted = Sorted::down("-seen", &[Key::Computed("COALESCE(seen, 0)"), Key::Text("id")]);
        let page = PageRequest::<()>::after(1, LIST.cursor(&sorted, &key()));
        let (text, _) = select.page(&sorted, &page).expect("own cursor");
        let condition = "AND +risk >= $3 AND (COALESCE(seen, 0), id) < ($4, $5) \
                         AND COALESCE(seen, 0) <= $6 ORDER BY";
        assert!(text.contains(condition), "{text}");
        assert!(select.count_by("seen").0.contains("AND risk >= $3 AND"));
        let (text, _) = select.page(&sorted.loosely(), &page).expect("own cursor");
        assert!(text.contains("AND risk >= $3 AND"), "{text}");
    }

    #[test]
    fn text_is_looked_for_before_things_are_read() {
        let mut select = Select::new(&LIST, &Scope::default());
        select.also_contains("label", ["50%"]);
        let (text, values) = select.page(&FIRST, &PageRequest::<()>::first(1)).expect("no cursor");
        assert_eq!(
            text,
            "SELECT id, body FROM things WHERE organisation = $1 AND environment = $2 AND id IN (\
             SELECT id FROM things WHERE organisation = $1 AND environment = $2 \
             AND (label LIKE $3 ESCAPE '\\') ORDER BY id ASC LIMIT $4) ORDER BY id ASC"
        );
        assert_eq!(values[2], SortKey::Text("%50\\%%".to_owned()));
        assert_eq!(values.len(), 4);
    }

    #[test]
    fn a_cursor_is_of_one_order_and_holds_its_kinds_of_keys() {
        let refused = |cursor| {
            let page = PageRequest::<()>::after(10, cursor);
            matches!(select().page(&WORST, &page), Err(StoreError::InvalidCursor))
        };
        assert!(!refused(LIST.cursor(&WORST, &key())));
        assert!(refused(LIST.cursor(&FIRST, &key()[1..])));
        assert!(refused(LIST.cursor(&FIRST, &key())), "another order with as many keys");
        assert!(refused(LIST.cursor(&WORST, &key()[..1])));
        let [number, text] = key();
        assert!(refused(LIST.cursor(&WORST, &[text, number])));
    }

    #[test]
    fn patterns_take_text_literally() {
        assert_eq!(like("50%_\\A"), "%50\\%\\_\\\\a%");
    }
}
