//! What texts an expression of C# stands for.

use super::types::{Sharp, TYPES, arguments, bare, holder, name_of, value};
use crate::{
    frameworks::calls::{callee, operator},
    paths,
    syntax::Piece,
};

/// What the names of parameters stand for where a method is called.
pub(super) type Bound<'a> = &'a dyn Fn(&str) -> Option<Vec<String>>;

/// Expressions in each other that are followed.
const MAX_DEPTH: usize = 40;
/// Texts that one expression may stand for.
const MAX_TEXTS: usize = 200;

impl<'f> Sharp<'_, 'f> {
    /// The texts that an expression stands for, without any parameters.
    pub(super) fn strings(&self, piece: &Piece<'f>) -> Vec<String> {
        self.texts(piece, &|_| None)
    }

    /// The texts that an expression stands for: one for most, several for arrays and lists, none
    /// where it is not known.
    pub(super) fn texts(&self, piece: &Piece<'f>, bound: Bound<'_>) -> Vec<String> {
        self.budget.begin();
        let mut texts = self.inner(piece, bound, 0);
        texts.truncate(MAX_TEXTS);
        texts
    }

    fn inner(&self, piece: &Piece<'f>, bound: Bound<'_>, depth: usize) -> Vec<String> {
        if depth > MAX_DEPTH || self.budget.is_spent() {
            return Vec::new();
        }
        let deeper = |piece: &Piece<'f>| self.inner(piece, bound, depth + 1);
        match piece.kind() {
            "string_literal" => vec![unescaped(piece)],
            "verbatim_string_literal" => {
                let text = piece.text().trim_start_matches('@').trim_matches('"');
                vec![text.replace("\"\"", "\"")]
            }
            "raw_string_literal" => vec![piece.text().trim_matches('"').trim().to_owned()],
            "interpolated_string_expression" => {
                let mut all = vec![String::new()];
                for part in piece.children().take(60) {
                    let texts = match part.kind() {
                        "string_content" | "escape_sequence" => {
                            vec![part.text().replace("{{", "{").replace("}}", "}")]
                        }
                        "interpolation" => {
                            let value = part.children().find(|it| !it.is(&["interpolation_brace"]));
                            value.map(|it| deeper(&it)).unwrap_or_default()
                        }
                        _ => continue,
                    };
                    all = crossed(all, texts);
                }
                all
            }
            "binary_expression" if matches!(operator(piece), "+" | "??") => {
                let side = |name| piece.field(name).map(|it| deeper(&it)).unwrap_or_default();
                let left = side("left");
                if operator(piece) == "??" && !left.is_empty() {
                    return left;
                }
                crossed(left, side("right"))
            }
            "argument"
            | "parenthesized_expression"
            | "cast_expression"
            | "expression_element"
            | "equals_value_clause"
            | "arrow_expression_clause" => {
                piece.children().last().map(|it| deeper(&it)).unwrap_or_default()
            }
            "collection_element" | "collection_expression" | "initializer_expression" => {
                piece.children().take(MAX_TEXTS).flat_map(|it| deeper(&it)).collect()
            }
            "array_creation_expression" | "implicit_array_creation_expression" => {
                let list = piece.child(&["initializer_expression"]);
                list.map(|it| deeper(&it)).unwrap_or_default()
            }
            "object_creation_expression" | "implicit_object_creation_expression" => {
                let list = piece.child(&["initializer_expression"]);
                let given = arguments(piece);
                list.iter().chain(&given).flat_map(deeper).collect()
            }
            "identifier" => bound(piece.text()).unwrap_or_else(|| {
                let found = self.declared(piece);
                found.map(|it| deeper(&it)).unwrap_or_default()
            }),
            "member_access_expression" => self.member(piece, bound, depth),
            "invocation_expression" => self.called(piece, bound, depth),
            _ => Vec::new(),
        }
    }

    /// The value of the variable, constant or property that an identifier names.
    pub(super) fn declared(&self, piece: &Piece<'f>) -> Option<Piece<'f>> {
        let name = piece.text();
        let here = self.fields_named(name).iter().filter(|it| std::ptr::eq(it.file, piece.file));
        let here: Vec<_> = here.take(200).copied().collect();
        let mut classes = Vec::new();
        for around in piece.ancestors().take(80) {
            if around.is(TYPES) {
                classes.push(around);
            }
            if around.is(&["block", "compilation_unit"]) && !here.is_empty() {
                let mut local = here.iter().filter(|it| {
                    let mut above = it.ancestors().take(6);
                    it.offset() < piece.offset()
                        && above.find(|it| it.is(&["block", "compilation_unit"])) == Some(around)
                });
                if let Some(found) = local.next_back() {
                    return value_of(found);
                }
            }
        }
        let mut above = classes.iter().flat_map(|of| self.hierarchy(of));
        let found = above.find_map(|of| self.member_of(&of, name));
        found.or_else(|| {
            // `using static Shop.Routes;`
            let uses = piece.file.root().children().filter(|it| it.is(&["using_directive"]));
            uses.filter(|it| it.text().contains("static")).find_map(|it| {
                let of = bare(it.text().trim_end_matches(';'));
                let of = self.types_named(of, piece.file);
                of.iter().find_map(|of| self.member_of(of, name))
            })
        })
    }

    fn member_of(&self, of: &Piece<'f>, name: &str) -> Option<Piece<'f>> {
        let all = self.fields_named(name).iter().filter(|it| std::ptr::eq(it.file, of.file));
        all.filter(|it| holder(it) == Some(*of)).find_map(value_of)
    }

    /// `Routes.Orders.Base`, `string.Empty`, `this.prefix`.
    fn member(&self, piece: &Piece<'f>, bound: Bound<'_>, depth: usize) -> Vec<String> {
        let (Some(object), Some(name)) = (piece.field("expression"), piece.field("name")) else {
            return Vec::new();
        };
        if let Some(texts) = bound(piece.text()) {
            return texts;
        }
        if name.text() == "Empty" {
            return vec![String::new()];
        }
        if object.text() == "HttpMethods" || object.text() == "HttpMethod" {
            return vec![name.text().to_ascii_uppercase()];
        }
        let owners = if object.is(&["this", "this_expression", "base_expression"]) {
            holder(piece).map(|of| self.hierarchy(&of)).unwrap_or_default()
        } else {
            self.types_named(object.text(), piece.file)
        };
        // Of several types of that name in each other, the one inside of what is written before.
        let outer = object.field("expression").map(|it| bare(it.text()));
        let inside = owners.iter().find(|of| {
            outer.is_some_and(|outer| holder(of).is_some_and(|it| name_of(&it) == outer))
        });
        let found = inside
            .and_then(|of| self.member_of(of, name.text()))
            .or_else(|| owners.iter().find_map(|of| self.member_of(of, name.text())));
        found.map(|it| self.inner(&it, bound, depth + 1)).unwrap_or_default()
    }

    fn called(&self, call: &Piece<'f>, bound: Bound<'_>, depth: usize) -> Vec<String> {
        let given: Vec<Piece<'f>> = arguments(call).iter().map(value).collect();
        let deeper = |piece: &Piece<'f>| self.inner(piece, bound, depth + 1);
        match callee(call) {
            "nameof" => {
                given.first().map(|it| vec![bare(it.text()).to_owned()]).unwrap_or_default()
            }
            "Concat" => given.iter().map(deeper).fold(Vec::new(), crossed),
            "Format" => {
                let mut texts = given.first().map(deeper).unwrap_or_default();
                for (at, argument) in given.iter().skip(1).take(10).enumerate() {
                    let by = deeper(argument).into_iter().next().unwrap_or_default();
                    texts.iter_mut().for_each(|it| *it = it.replace(&format!("{{{at}}}"), &by));
                }
                texts
            }
            "ToLower" | "ToLowerInvariant" => {
                let on = crate::frameworks::calls::receiver(call);
                let texts = on.map(|it| deeper(&it)).unwrap_or_default();
                texts.iter().map(|it| it.to_lowercase()).collect()
            }
            "TrimEnd" | "TrimStart" | "Trim" | "ToArray" | "ToList" | "ToString" => {
                let on = crate::frameworks::calls::receiver(call);
                on.map(|it| deeper(&it)).unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }
}

/// What a variable or property is set to.
fn value_of<'f>(declared: &Piece<'f>) -> Option<Piece<'f>> {
    if declared.is(&["property_declaration"]) {
        return declared.field("value");
    }
    declared.children().nth(1)
}

/// Every left text with every right one; what is not known counts as empty.
fn crossed(left: Vec<String>, right: Vec<String>) -> Vec<String> {
    if left.is_empty() || right.is_empty() {
        return if left.is_empty() { right } else { left };
    }
    let all = left.iter().flat_map(|left| right.iter().map(move |right| format!("{left}{right}")));
    all.take(MAX_TEXTS).collect()
}

fn unescaped(literal: &Piece<'_>) -> String {
    let mut out = String::new();
    for part in literal.children() {
        match part.kind() {
            "escape_sequence" => out.push_str(part.text().get(1..).unwrap_or_default()),
            _ => out.push_str(part.text()),
        }
    }
    out
}

/// The paths of a template: `{year:int?}` is as optional as `{year?}`.
pub(super) fn paths_of(template: &str) -> Vec<String> {
    let Some(front) = template.strip_suffix("?}") else { return paths::braces(template) };
    match (front.rfind('{'), front.rfind('/')) {
        (Some(open), slash) if slash.is_none_or(|slash| slash < open) => {
            let inner = front.get(open..).unwrap_or_default();
            let name = inner.split(':').next().unwrap_or(inner);
            paths::braces(&format!("{}{name}?}}", front.get(..open).unwrap_or_default()))
        }
        _ => paths::braces(template),
    }
}

#[cfg(test)]
mod tests {
    use super::paths_of;

    #[test]
    fn constraints_may_be_optional() {
        assert_eq!(paths_of("/a/{year:int:min(2000)?}"), ["/a", "/a/{year}"]);
        assert_eq!(paths_of("/a/{x:int}/{y?}"), ["/a/{x}", "/a/{x}/{y}"]);
        assert_eq!(paths_of("/a/{x:regex(^a{{2}}$)}"), ["/a/{x}"]);
    }
}
