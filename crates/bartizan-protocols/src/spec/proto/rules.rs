//! Rules of HTTP in the text of a `.proto` file: `option (google.api.http) = { get: "/v1/x" };`, in the
//! text format of protocol buffers ("Text Format Language Specification").

use super::{
    MAX_NESTING,
    declared::{MAX_RULES, Method, Rule},
    text::Reader,
    tokens::Token,
};
use crate::spec::{operation::MAX_PATH, tree::Position};

/// What the values of a block are for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    /// The rule of this number.
    Rule(usize),
    /// The custom pattern of this rule.
    Custom(usize),
    /// Something else, or a rule that is one too many.
    Nothing,
}

/// A block that is open, and the name that was read last in it.
struct Block<'t> {
    of: Of,
    name: &'t str,
}

impl<'t> Reader<'t, '_> {
    /// Reads an option behind its keyword if it is one of rules; false, and nothing is read, when it
    /// is another.
    pub(super) fn http(&mut self, at: usize, method: &mut Method) -> bool {
        let mut ahead = self.tokens;
        let mut next = || ahead.next().map(|(token, _)| token);
        let is_named = next() == Some(Token::Sign(b'('))
            && matches!(next(), Some(Token::Word("google.api.http" | ".google.api.http")))
            && next() == Some(Token::Sign(b')'));
        if !is_named {
            return false;
        }
        self.tokens = ahead;
        let at = self.lines.at(at);
        // `option (google.api.http).get = "/v1/x";` sets one field.
        let mut block = Block { of: Of::Nothing, name: "" };
        loop {
            match self.tokens.next() {
                Some((Token::Word(name), _)) => block.name = name.trim_start_matches('.'),
                Some((Token::Sign(b'{'), _)) => {
                    let of = self.rule(at, method);
                    self.rules(Block { of, name: "" }, method);
                }
                Some((Token::Text(value), _)) => {
                    if block.of == Of::Nothing {
                        let first = method.rules.first().map(|_| Of::Rule(0));
                        block.of = first.unwrap_or_else(|| self.rule(at, method));
                    }
                    self.value(&block, value, method, at);
                }
                Some((Token::Sign(b';'), _)) => return true,
                Some((Token::Sign(_), _)) => {}
                None => {
                    self.ended();
                    return true;
                }
            }
        }
    }

    /// One more rule.
    fn rule(&mut self, at: Position, method: &mut Method) -> Of {
        if method.rules.len() >= MAX_RULES {
            let what = format_args!("more than {MAX_RULES} rules of one method: left out");
            self.problems.error("", at, what);
            return Of::Nothing;
        }
        method.rules.push(Rule { at, ..Rule::default() });
        Of::Rule(method.rules.len() - 1)
    }

    /// The inside of a block and of those in it, which are on a stack.
    fn rules(&mut self, outer: Block<'t>, method: &mut Method) {
        let mut open = vec![outer];
        while let Some(block) = open.last_mut() {
            let Some((token, at)) = self.tokens.next() else { return self.ended() };
            match token {
                Token::Word(name) => block.name = name,
                Token::Text(value) => {
                    let block = Block { of: block.of, name: block.name };
                    let at = self.lines.at(at);
                    self.value(&block, value, method, at);
                }
                Token::Sign(b'{') => {
                    let (of, name) = (block.of, block.name);
                    if open.len() >= MAX_NESTING {
                        self.skip_block();
                        continue;
                    }
                    let of = match (of, name) {
                        (Of::Rule(_), "additional_bindings") => {
                            let at = self.lines.at(at);
                            self.rule(at, method)
                        }
                        (Of::Rule(rule), "custom") => Of::Custom(rule),
                        _ => Of::Nothing,
                    };
                    open.push(Block { of, name: "" });
                }
                Token::Sign(b'}') => {
                    open.pop();
                }
                Token::Sign(_) => {}
            }
        }
    }

    fn value(&mut self, block: &Block<'t>, text: &'t str, method: &mut Method, at: Position) {
        let text = text.trim_matches(['"', '\'']);
        let (Of::Rule(rule) | Of::Custom(rule)) = block.of else { return };
        let Some(rule) = method.rules.get_mut(rule) else { return };
        let to = match (block.of, block.name) {
            (Of::Rule(_), verb @ ("get" | "put" | "post" | "delete" | "patch")) => {
                // Texts that follow each other are one.
                let verb = verb.to_ascii_uppercase();
                if rule.method != verb {
                    (rule.method, rule.path) = (verb, String::new());
                }
                &mut rule.path
            }
            (Of::Rule(_), "body") => &mut rule.body,
            (Of::Rule(_), "response_body") => &mut rule.response_body,
            (Of::Custom(_), "kind") => &mut rule.method,
            (Of::Custom(_), "path") => &mut rule.path,
            _ => return,
        };
        if to.len() + text.len() > MAX_PATH {
            self.problems.error("", at, format_args!("more than {MAX_PATH} bytes: left out"));
            to.clear();
            return;
        }
        to.push_str(text);
    }
}
