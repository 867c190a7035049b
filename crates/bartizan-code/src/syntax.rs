//! Files and their syntax trees.

use tree_sitter::{Node, ParseOptions, Parser, Tree};

use crate::{limits::Limits, route::Place};

/// A language that is parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Language {
    /// C#.
    CSharp,
    /// Go.
    Go,
    /// Java.
    Java,
    /// JavaScript, with JSX.
    JavaScript,
    /// PHP.
    Php,
    /// Python.
    Python,
    /// Ruby.
    Ruby,
    /// Rust.
    Rust,
    /// Settings and build files that frameworks look at as a text: their tree is empty.
    Settings,
    /// TypeScript, without JSX.
    TypeScript,
    /// TypeScript with JSX.
    Tsx,
}

impl Language {
    /// By the extension of a file, in lower case.
    #[must_use]
    pub fn of_extension(extension: &str) -> Option<Self> {
        Some(match extension {
            "cs" => Self::CSharp,
            "go" => Self::Go,
            "java" => Self::Java,
            "js" | "cjs" | "mjs" | "jsx" => Self::JavaScript,
            "php" => Self::Php,
            "py" => Self::Python,
            "rb" => Self::Ruby,
            "rs" => Self::Rust,
            "gradle" | "kts" | "properties" | "xml" | "yaml" | "yml" => Self::Settings,
            "ts" | "mts" | "cts" => Self::TypeScript,
            "tsx" => Self::Tsx,
            _ => return None,
        })
    }

    fn grammar(self) -> tree_sitter::Language {
        match self {
            Self::CSharp => tree_sitter_c_sharp::LANGUAGE,
            Self::Go => tree_sitter_go::LANGUAGE,
            Self::Java => tree_sitter_java::LANGUAGE,
            Self::JavaScript => tree_sitter_javascript::LANGUAGE,
            Self::Php => tree_sitter_php::LANGUAGE_PHP,
            Self::Python => tree_sitter_python::LANGUAGE,
            Self::Ruby => tree_sitter_ruby::LANGUAGE,
            // Nothing is parsed of them; any grammar makes an empty tree.
            Self::Settings => tree_sitter_java::LANGUAGE,
            Self::Rust => tree_sitter_rust::LANGUAGE,
            Self::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT,
            Self::Tsx => tree_sitter_typescript::LANGUAGE_TSX,
        }
        .into()
    }
}

/// A parsed file.
#[derive(Debug)]
pub struct File {
    /// Path below the folder that was read, parts joined by `/`.
    pub path: String,
    /// What it is written in.
    pub language: Language,
    /// Its text.
    pub text: String,
    tree: Tree,
}

impl File {
    /// Parses `text`; `None` when that takes longer than [`Limits::parse_millis`].
    #[must_use]
    pub fn parse(path: &str, language: Language, text: String, limits: &Limits) -> Option<Self> {
        let mut parser = Parser::new();
        parser.set_language(&language.grammar()).ok()?;
        let started = std::time::Instant::now();
        let most = std::time::Duration::from_millis(limits.parse_millis);
        let mut give_up = |_: &tree_sitter::ParseState| {
            if started.elapsed() > most {
                std::ops::ControlFlow::Break(())
            } else {
                std::ops::ControlFlow::Continue(())
            }
        };
        let options = ParseOptions::new().progress_callback(&mut give_up);
        let bytes = if language == Language::Settings { &[] } else { text.as_bytes() };
        let mut read = |at: usize, _| bytes.get(at..).unwrap_or_default();
        let tree = parser.parse_with_options(&mut read, None, Some(options))?;
        Some(Self { path: path.to_owned(), language, text, tree })
    }

    /// The whole file.
    #[must_use]
    pub fn root(&self) -> Piece<'_> {
        Piece { node: self.tree.root_node(), file: self }
    }

    /// Its name without the folders above it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// The folder that it is in, without a final `/`; empty at the top.
    #[must_use]
    pub fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }
}

/// A node of a syntax tree, with the file that it is of.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'f> {
    node: Node<'f>,
    /// The file that it is of.
    pub file: &'f File,
}

impl PartialEq for Piece<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.file, other.file) && self.node.id() == other.node.id()
    }
}

impl<'f> Piece<'f> {
    /// Kind of node, as the grammar names it.
    #[must_use]
    pub fn kind(&self) -> &'f str {
        self.node.kind()
    }

    /// Whether it is one of `kinds`.
    #[must_use]
    pub fn is(&self, kinds: &[&str]) -> bool {
        kinds.contains(&self.kind())
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> &'f str {
        self.file.text.get(self.node.byte_range()).unwrap_or_default()
    }

    /// Where it begins, in bytes from the beginning of the file.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.node.start_byte()
    }

    /// Where it begins.
    #[must_use]
    pub fn place(&self) -> Place {
        let line = u32::try_from(self.node.start_position().row).unwrap_or(u32::MAX);
        Place { file: self.file.path.clone(), line: line.saturating_add(1) }
    }

    /// The child in the field `name`.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<Self> {
        let node = self.node.child_by_field_name(name)?;
        Some(Self { node, file: self.file })
    }

    /// Named children, in order, without comments.
    pub fn children(&self) -> impl Iterator<Item = Self> + use<'f> {
        let (node, file) = (self.node, self.file);
        let mut cursor = node.walk();
        let mut has_more = cursor.goto_first_child();
        std::iter::from_fn(move || {
            while has_more {
                let child = cursor.node();
                has_more = cursor.goto_next_sibling();
                if child.is_named() && !child.is_extra() {
                    return Some(Self { node: child, file });
                }
            }
            None
        })
    }

    /// The first named child of one of `kinds`.
    #[must_use]
    pub fn child(&self, kinds: &[&str]) -> Option<Self> {
        self.children().find(|child| child.is(kinds))
    }

    /// This node and all named ones below it, each before its children, without comments.
    pub fn walk(&self) -> impl Iterator<Item = Self> + use<'f> {
        let mut open = vec![*self];
        std::iter::from_fn(move || {
            let next = open.pop()?;
            let at = open.len();
            open.extend(next.children());
            if let Some(children) = open.get_mut(at..) {
                children.reverse();
            }
            Some(next)
        })
    }

    /// All of one of `kinds` in and below this node, each before those in it.
    pub fn all<'k>(&self, kinds: &'k [&'k str]) -> impl Iterator<Item = Self> + use<'f, 'k> {
        self.walk().filter(move |piece| piece.is(kinds))
    }

    /// The node that it is in.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let node = self.node.parent()?;
        Some(Self { node, file: self.file })
    }

    /// The nodes that it is in, innermost first.
    pub fn ancestors(&self) -> impl Iterator<Item = Self> + use<'f> {
        std::iter::successors(self.parent(), Self::parent)
    }

    /// The nearest node around it of one of `kinds`.
    #[must_use]
    pub fn within(&self, kinds: &[&str]) -> Option<Self> {
        self.ancestors().find(|ancestor| ancestor.is(kinds))
    }

    /// The named node before it among its siblings, comments left out.
    #[must_use]
    pub fn before(&self) -> Option<Self> {
        let mut node = self.node.prev_named_sibling()?;
        while node.is_extra() {
            node = node.prev_named_sibling()?;
        }
        Some(Self { node, file: self.file })
    }

    /// The named node behind it among its siblings, comments left out.
    #[must_use]
    pub fn after(&self) -> Option<Self> {
        let mut node = self.node.next_named_sibling()?;
        while node.is_extra() {
            node = node.next_named_sibling()?;
        }
        Some(Self { node, file: self.file })
    }
}
