//! Which format a file is of, by its content.

use super::{
    Files, Problem, SpecFormat,
    files::Forest,
    problem::Problems,
    tree::{Node, Tree},
    whole,
};

/// Reads the tree of a file and tells its format.
pub(super) fn read(
    bytes: &[u8],
    files: &mut dyn Files,
    problems: &mut Problems,
) -> Result<(Forest, SpecFormat), Problem> {
    let tree = Tree::read(bytes, problems);
    let Some(format) = of_tree(tree.root()) else {
        let reason = problems.first().filter(|_| problems.has_errors());
        let reason = reason.map_or_else(String::new, |problem| format!(" ({problem})"));
        return Err(whole(format!(
            "expected an OpenAPI document: no `openapi` and no `swagger` field{reason}"
        )));
    };
    Ok((Forest::load(tree, files, problems), format))
}

fn of_tree(root: Node<'_>) -> Option<SpecFormat> {
    let has = |name: &str| root.get(name).is_some();
    (has("openapi") || has("swagger")).then_some(SpecFormat::OpenApi)
}
