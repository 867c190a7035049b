//! The grammar of SQL expressions, as far as injection needs it: linear, no recursion.

use super::{
    sql_tokens::{Kind, Token},
    word_set::WordSet,
};

/// What an expression has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traits {
    /// A comparison of constants, or of a name with itself.
    pub(crate) tautology: bool,
    /// A comparison with a name or call in it.
    pub(crate) comparison: bool,
    /// A lone constant as a condition.
    pub(crate) constant: bool,
    /// A call that waits, reaches out or makes an error that tells.
    pub(crate) delay: bool,
    /// A sub-query.
    pub(crate) subselect: bool,
    /// A function that injection uses to read, to make errors or to fingerprint.
    pub(crate) function: bool,
    /// `CASE … END`.
    pub(crate) conditional: bool,
    /// An operator of JSON types.
    pub(crate) json: bool,
    /// `@@version`, `information_schema` and the like.
    pub(crate) metadata: bool,
}

/// Functions that wait, reach out or make errors that tell.
pub(crate) static DELAYS: WordSet = WordSet::new(&[
    "sleep",
    "pg_sleep",
    "pg_sleep_for",
    "benchmark",
    "receive_message",
    "randomblob",
    "dbms_lock",
    "dbms_pipe",
    "utl_http",
    "utl_inaddr",
    "get_host_address",
    "httpuritype",
    "generate_series",
    "dblink",
    "dblink_connect",
    "xp_dirtree",
    "xp_cmdshell",
    "load_file",
    "pg_read_file",
    "lo_import",
    "extractvalue",
    "updatexml",
    "gtid_subset",
    "query_to_xml",
    "database_to_xml",
    "xmltype",
    "sys_eval",
    "sys_exec",
    "load_extension",
    "dbms_session",
    "sp_oacreate",
]);

/// Functions that are common in attacks and in reports alike: they count behind a break-out only.
static FUNCTIONS: WordSet = WordSet::new(&[
    "substring",
    "substr",
    "mid",
    "ascii",
    "ord",
    "char",
    "chr",
    "length",
    "len",
    "concat",
    "concat_ws",
    "group_concat",
    "string_agg",
    "extractvalue",
    "updatexml",
    "convert",
    "cast",
    "version",
    "database",
    "user",
    "current_user",
    "system_user",
    "session_user",
    "if",
    "iif",
    "ifnull",
    "coalesce",
    "md5",
    "sha1",
    "hex",
    "unhex",
    "floor",
    "rand",
    "exp",
    "json_keys",
    "json_extract",
    "json_value",
    "jsonb_typeof",
    "ctxsys",
    "xmltype",
    "to_char",
    "left",
    "right",
    "instr",
    "locate",
    "db_name",
    "schema_name",
    "quote",
    "count",
    "bin",
    "row",
    "sqlite_version",
    "json_contains",
    "json_array_length",
    "json_type",
    "json_length",
    "unicode",
    "exists",
    "elt",
    "current_database",
    "current_setting",
    "query_to_xml",
    "database_to_xml",
    "gtid_subset",
    "object_id",
    "is_srvrolemember",
    "strcmp",
    "make_set",
    "position",
    "now",
    "sysdate",
    "@@version",
    "nullif",
    "typeof",
    "lower",
    "upper",
    "trim",
    "reverse",
]);

pub(crate) static METADATA: WordSet = WordSet::new(&[
    "information_schema",
    "pg_catalog",
    "pg_tables",
    "pg_user",
    "pg_shadow",
    "sqlite_master",
    "sqlite_schema",
    "sysobjects",
    "syscolumns",
    "sysdatabases",
    "all_tables",
    "user_tables",
    "all_tab_columns",
    "dual",
    "mysql",
    "v$version",
    "pg_database",
    "sys",
    "xp_cmdshell",
]);

/// Schemas that own functions of the database.
static OWNERS: WordSet = WordSet::new(&["sys", "dbo", "master", "pg_catalog", "mysql"]);

/// Reads expressions in a row of tokens.
pub(crate) struct Reader<'t> {
    pub(crate) text: &'t str,
    pub(crate) tokens: &'t [Token],
    pub(crate) at: usize,
    pub(crate) traits: Traits,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operand {
    Constant,
    Truth,
    Name(usize),
    Call,
}

impl<'t> Reader<'t> {
    pub(crate) fn new(text: &'t str, tokens: &'t [Token], at: usize) -> Self {
        Self { text, tokens, at, traits: Traits::default() }
    }

    pub(crate) fn kind(&self, ahead: usize) -> Option<Kind> {
        self.tokens.get(self.at + ahead).map(|token| token.kind)
    }

    pub(crate) fn is_word(&self, ahead: usize, word: &str) -> bool {
        matches!(self.kind(ahead), Some(Kind::Word(found)) if found == word)
    }

    pub(crate) fn written(&self, at: usize) -> &'t str {
        self.tokens.get(at).and_then(|t| self.text.get(t.start..t.end)).unwrap_or_default()
    }

    fn skip(&mut self, kinds: &[Kind]) -> bool {
        let start = self.at;
        while self.kind(0).is_some_and(|kind| kinds.contains(&kind)) {
            self.at += 1;
        }
        self.at > start
    }

    /// Reads `operand [compare operand] {logic operand [compare operand]}`. False when there is no
    /// operand at the beginning.
    pub(crate) fn condition(&mut self) -> bool {
        let mut any = false;
        loop {
            let Some(left) = self.value() else { return any };
            any = true;
            self.skip(&[Kind::Close]);
            if matches!(self.kind(0), Some(Kind::Compare))
                || (self.kind(0) == Some(Kind::Not) && self.kind(1) == Some(Kind::Compare))
            {
                self.compare(left);
            } else if matches!(left, Operand::Constant | Operand::Truth) {
                self.traits.constant = true;
            }
            self.skip(&[Kind::Close]);
            if self.kind(0) != Some(Kind::Logic) {
                return any;
            }
            self.at += 1;
        }
    }

    fn compare(&mut self, left: Operand) {
        let operator = self.at;
        self.skip(&[Kind::Not, Kind::Compare]);
        let Some(right) = self.value() else { return };
        self.traits.comparison = true;
        let is_constant = |operand| matches!(operand, Operand::Constant | Operand::Truth);
        if is_constant(left) && is_constant(right) {
            self.traits.tautology = true;
        } else if let (Operand::Name(a), Operand::Name(b)) = (left, right) {
            self.traits.tautology |= self.written(a).eq_ignore_ascii_case(self.written(b));
        }
        if self.written(operator).eq_ignore_ascii_case("between")
            && self.kind(0) == Some(Kind::Logic)
        {
            self.at += 1;
            let _ = self.value();
        }
    }

    /// An operand with what arithmetic, JSON operators and casts hang on it.
    fn value(&mut self) -> Option<Operand> {
        let mut operand = self.operand()?;
        while let Some(kind) = self.kind(0) {
            match kind {
                Kind::Json => self.traits.json = true,
                Kind::Arithmetic => {}
                Kind::Word("collate") => {}
                // Adjacent strings are one string.
                Kind::Text(_)
                    if operand == Operand::Constant
                        && matches!(self.kind(0), Some(Kind::Text(_)))
                        && matches!(
                            self.tokens.get(self.at.wrapping_sub(1)).map(|t| t.kind),
                            Some(Kind::Text(_))
                        ) =>
                {
                    self.at += 1;
                    continue;
                }
                _ => break,
            }
            self.at += 1;
            match self.operand() {
                Some(next) if operand == Operand::Constant => {
                    if kind == Kind::Arithmetic {
                        operand = next;
                    }
                }
                Some(_) => {}
                None => break,
            }
        }
        Some(operand)
    }

    fn operand(&mut self) -> Option<Operand> {
        loop {
            match self.kind(0)? {
                Kind::Open => {
                    self.at += 1;
                    if self.is_word(0, "select") {
                        self.traits.subselect = true;
                        self.balanced(1);
                        return Some(Operand::Call);
                    }
                }
                Kind::Not | Kind::Arithmetic
                    if self.kind(0) == Some(Kind::Not)
                        || matches!(self.written(self.at), "-" | "+") =>
                {
                    self.at += 1
                }
                Kind::Word("binary" | "distinct" | "all") => self.at += 1,
                _ => break,
            }
        }
        match self.kind(0)? {
            Kind::Number | Kind::Text(_) => {
                self.at += 1;
                Some(Operand::Constant)
            }
            Kind::Word("true" | "false" | "null") => {
                self.at += 1;
                Some(Operand::Truth)
            }
            Kind::Variable => {
                self.traits.metadata |= self.written(self.at).starts_with("@@");
                self.at += 1;
                Some(Operand::Call)
            }
            Kind::Word("case") => {
                self.traits.function = true;
                self.traits.conditional = true;
                self.case();
                Some(Operand::Call)
            }
            Kind::Name | Kind::Word(_) => self.name(),
            _ => None,
        }
    }

    /// A name with dots, or a call.
    fn name(&mut self) -> Option<Operand> {
        let is_keyword = matches!(self.kind(0), Some(Kind::Word(_)));
        if is_keyword && self.kind(1) != Some(Kind::Open) {
            return None;
        }
        let first = self.at;
        self.at += 1;
        while self.kind(0) == Some(Kind::Dot)
            && matches!(self.kind(1), Some(Kind::Name | Kind::Word(_)))
        {
            self.traits.metadata |= METADATA.has(self.written(self.at - 1).as_bytes());
            self.delay_call(self.at - 1);
            self.at += 2;
        }
        if self.kind(0) != Some(Kind::Open) {
            return Some(Operand::Name(first));
        }
        self.called(self.at - 1);
        self.at += 1;
        self.balanced(1);
        Some(Operand::Call)
    }

    fn delay_call(&mut self, name: usize) {
        self.traits.delay |= DELAYS.has(self.written(name).as_bytes());
    }

    fn called(&mut self, name: usize) {
        // `time.sleep(5)` and `Thread.sleep(5)` are other languages.
        let owner = name
            .checked_sub(2)
            .filter(|_| self.tokens.get(name.wrapping_sub(1)).map(|t| t.kind) == Some(Kind::Dot));
        let foreign = owner.is_some_and(|at| {
            !DELAYS.has(self.written(at).as_bytes()) && !OWNERS.has(self.written(at).as_bytes())
        });
        if foreign {
            return;
        }
        let word = self.written(name);
        let has_arguments =
            self.tokens.get(name + 2).is_some_and(|token| token.kind != Kind::Close);
        if DELAYS.has(word.as_bytes()) && has_arguments {
            self.traits.delay = true;
        } else if FUNCTIONS.has(word.as_bytes()) {
            self.traits.function = true;
        }
    }

    /// Skips to behind the parenthesis that closes `depth` open ones, noting what is inside.
    fn balanced(&mut self, mut depth: usize) {
        while depth > 0
            && let Some(kind) = self.kind(0)
        {
            match kind {
                Kind::Open => depth += 1,
                Kind::Close => depth -= 1,
                Kind::Comment => return,
                _ => self.note(kind),
            }
            self.at += 1;
        }
    }

    fn note(&mut self, kind: Kind) {
        match kind {
            Kind::Word("select") => self.traits.subselect = true,
            Kind::Json => self.traits.json = true,
            Kind::Variable => self.traits.metadata |= self.written(self.at).starts_with("@@"),
            Kind::Name | Kind::Word(_) => {
                if self.kind(1) == Some(Kind::Open) {
                    self.called(self.at);
                } else {
                    let word = self.written(self.at);
                    self.traits.metadata |= METADATA.has(word.as_bytes());
                }
            }
            _ => {}
        }
    }

    fn case(&mut self) {
        for _ in 0..128 {
            match self.kind(0) {
                None | Some(Kind::Comment) => return,
                Some(Kind::Word("end")) => {
                    self.at += 1;
                    return;
                }
                Some(kind) => self.note(kind),
            }
            self.at += 1;
        }
    }

    /// Notes what all remaining tokens have.
    pub(crate) fn note_rest(&mut self) {
        while let Some(kind) = self.kind(0) {
            self.note(kind);
            self.at += 1;
        }
    }
}
