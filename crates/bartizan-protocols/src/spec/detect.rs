//! Which format a file is of, by its content.

use super::{
    Files, Problem, SpecFormat,
    budget::Limits,
    files::{Forest, Language},
    graphql,
    problem::Problems,
    proto,
    tree::{Node, Tree},
    whole,
};

/// How much of a file is looked at for its first declaration, in bytes.
const HEAD: usize = 64 * 1024;

/// Reads the tree of a file and tells its format.
pub(super) fn read(
    bytes: &[u8],
    files: &mut dyn Files,
    limits: Limits,
    problems: &mut Problems,
) -> Result<(Forest, SpecFormat), Problem> {
    if proto::is_set(bytes) {
        let tree = proto::tree_of_set(bytes, limits, problems);
        return Ok((Forest::alone(tree), SpecFormat::Protobuf));
    }
    let plain = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if let Ok(text) = std::str::from_utf8(plain) {
        match language(text) {
            Some(SpecFormat::Protobuf) => {
                let tree = (proto::tree(text, limits, problems), Language::Proto);
                let forest = Forest::load(tree, bytes.len(), files, limits, problems);
                return Ok((forest, SpecFormat::Protobuf));
            }
            Some(format) => {
                let tree = graphql::tree(text, limits, problems);
                return Ok((Forest::alone(tree), format));
            }
            None => {}
        }
    }
    let tree = Tree::read(bytes, limits, problems);
    match of_tree(tree.root()) {
        Ok(format) => {
            let tree = (tree, Language::Tree);
            Ok((Forest::load(tree, bytes.len(), files, limits, problems), format))
        }
        Err(what) => {
            // A query without a name in front of the types looks like JSON; a fault at the very
            // beginning hides the language, which the name of the file may tell.
            let name = files.name().to_ascii_lowercase();
            let named = [".graphql", ".graphqls", ".gql"].iter().any(|end| name.ends_with(end));
            if let Ok(text) = std::str::from_utf8(plain)
                && (named || text.trim_ascii_start().starts_with('{'))
            {
                let mut inner = Problems::default();
                let tree = graphql::tree(text, limits, &mut inner);
                if named || graphql::has_types(tree.root()) {
                    *problems = inner;
                    return Ok((Forest::alone(tree), SpecFormat::Graphql));
                }
            }
            let reason = problems.first().filter(|_| problems.has_errors());
            let reason = reason.map_or_else(String::new, |problem| format!(" ({problem})"));
            Err(whole(format!("{what}{reason}")))
        }
    }
}

fn of_tree(root: Node<'_>) -> Result<SpecFormat, &'static str> {
    let has = |name: &str| root.get(name).is_some();
    let is_wsdl_of = |name: &str| root.get(name).is_some_and(|d| d.children().any(is_wsdl));
    if has("openapi") || has("swagger") {
        Ok(SpecFormat::OpenApi)
    } else if has("asyncapi") {
        Ok(SpecFormat::AsyncApi)
    } else if has("__schema") || root.find("/data/__schema").is_some() {
        Ok(SpecFormat::Graphql)
    } else if ["definitions", "description"].iter().any(|root| is_wsdl_of(root)) {
        Ok(SpecFormat::Wsdl)
    } else if root.get("schema").is_some_and(|s| s.is_object()) {
        Err("an XML Schema: it describes values and no operations; give the WSDL that imports it")
    } else {
        Err("expected a specification of an API: no `openapi`, `swagger`, `asyncapi`, GraphQL, \
             protocol buffers or WSDL")
    }
}

fn is_wsdl(node: Node<'_>) -> bool {
    let name = node.key().and_then(|key| key.split('[').next()).unwrap_or("");
    ["types", "message", "portType", "interface", "binding", "service", "import", "include"]
        .contains(&name)
        && node.is_object()
}

/// Which format a file seems to be of, by its beginning: for who is given a specification in place of
/// something else. YAML by one of its outermost keys, GraphQL and protocol buffers by their first
/// declaration, WSDL by its outermost element and namespace; JSON and sets of descriptors are not told.
#[must_use]
pub fn format_of_head(head: &[u8]) -> Option<SpecFormat> {
    let head = head.get(..HEAD).unwrap_or(head);
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // It may end within a character, and nowhere else.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(head.get(..error.valid_up_to())?).ok()?
        }
        Err(_) => return None,
    };
    match text.trim_ascii_start().bytes().next()? {
        b'<' => is_wsdl_head(text).then_some(SpecFormat::Wsdl),
        b'{' | b'[' => None,
        _ => text.lines().find_map(outer_key).or_else(|| {
            // Words alone could begin a sentence.
            language(text).filter(|_| text.contains(['{', ';']))
        }),
    }
}

/// `openapi: 3.1.0` at the beginning of a line, also quoted.
fn outer_key(line: &str) -> Option<SpecFormat> {
    let (key, _) = line.split_once(':')?;
    match key.trim_end().trim_matches(['"', '\'']) {
        "openapi" | "swagger" => Some(SpecFormat::OpenApi),
        "asyncapi" => Some(SpecFormat::AsyncApi),
        _ => None,
    }
}

/// Whether the outermost element is that of WSDL 1.1 (§2.1) or 2.0 (§2.1.2).
fn is_wsdl_head(text: &str) -> bool {
    let mut rest = text;
    let name = loop {
        let Some((_, tag)) = rest.split_once('<') else { return false };
        let end = match tag.as_bytes().first() {
            Some(b'?') => "?>",
            Some(b'!') if tag.starts_with("!--") => "-->",
            Some(b'!') => ">",
            _ => break tag.split(|c: char| c.is_whitespace() || c == '>').next().unwrap_or(""),
        };
        let Some((_, behind)) = tag.split_once(end) else { return false };
        rest = behind;
    };
    let namespace = match name.rsplit(':').next() {
        Some("definitions") => "http://schemas.xmlsoap.org/wsdl/",
        Some("description") => "http://www.w3.org/ns/wsdl",
        _ => return false,
    };
    text.contains(namespace)
}

/// Whether a text begins like a file of GraphQL or protocol buffers: a keyword that no colon
/// follows, behind comments and descriptions.
fn language(text: &str) -> Option<SpecFormat> {
    let head = text.get(..text.floor_char_boundary(HEAD)).unwrap_or(text);
    let mut rest = head;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        if rest.starts_with('#') || rest.starts_with("//") {
            rest = rest.split_once('\n')?.1;
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/")?.1;
        } else if let Some(description) = rest.strip_prefix("\"\"\"") {
            rest = description.split_once("\"\"\"")?.1;
        } else if let Some(description) = rest.strip_prefix('"') {
            rest = description.split_once('"')?.1;
        } else {
            break;
        }
    }
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
    let (word, behind) = rest.split_at_checked(end)?;
    let next = behind.trim_start().chars().next()?;
    if next == ':' {
        return None;
    }
    match word {
        "syntax" | "edition" if next == '=' => Some(SpecFormat::Protobuf),
        // `type=SYSCALL` begins a log.
        _ if next == '=' => None,
        "package" | "import" | "option" | "message" | "service" => Some(SpecFormat::Protobuf),
        "enum" | "extend" if rest.contains(';') => Some(SpecFormat::Protobuf),
        "schema" | "type" | "extend" | "interface" | "union" | "enum" | "input" | "scalar"
        | "directive" | "query" | "mutation" | "subscription" | "fragment" => {
            Some(SpecFormat::Graphql)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_specification_is_told_by_its_beginning() {
        use SpecFormat::{AsyncApi, Graphql, OpenApi, Protobuf, Wsdl};
        let wsdl = |name: &str, namespace: &str| {
            format!("<?xml version='1.0'?>\n<!-- <a> -->\n<{name} xmlns:w='{namespace}'>")
        };
        let old = wsdl("w:definitions", "http://schemas.xmlsoap.org/wsdl/");
        let new = wsdl("description", "http://www.w3.org/ns/wsdl");
        let other = wsdl("description", "urn:books");
        for (head, format) in [
            ("openapi: 3.0.0\ninfo:\n", Some(OpenApi)),
            ("\u{feff}# ours\n%YAML 1.2\n---\n\ninfo: {}\n\"openapi\" : 3.1.0\n", Some(OpenApi)),
            ("--- # one\r\nswagger: '2.0'\r\n", Some(OpenApi)),
            ("asyncapi: 3.0.0\n", Some(AsyncApi)),
            ("log:\n  openapi: 3.0.0\n", None),
            ("# types\n\"\"\"A pet\"\"\"\ntype Pet { id: ID }\n", Some(Graphql)),
            ("type of the thing\n", None),
            ("type=SYSCALL msg=audit(1.2:3): {}\n", None),
            ("// orders\nsyntax = \"proto3\";\npackage a;\n", Some(Protobuf)),
            ("message received from 1.2.3.4\n", None),
            (&old, Some(Wsdl)),
            (&new, Some(Wsdl)),
            (&other, None),
            ("<", None),
            ("{\"openapi\": \"3.0.0\"}", None),
            ("", None),
        ] {
            assert_eq!(format_of_head(head.as_bytes()), format, "{head}");
        }
        let cut = [b"openapi: 3.0.0\ntitle: ".as_slice(), &"é".as_bytes()[..1]].concat();
        assert_eq!(format_of_head(&cut), Some(OpenApi));
        assert_eq!(format_of_head(b"openapi: \xff\xfe 3.0.0\n"), None);
    }
}
