//! Labels, printed from a template of the caller's.

use serde_json::json;

use crate::{
    auth::field,
    call::{Answer, Call, Problem, ok},
    flaws::injection::label_template,
    lab::Lab,
};

/// Characters of a template.
const MAX_TEMPLATE: usize = 2000;

/// POST `/api/v1/labels`. Every label bears the form number 49: a trap for testers that send
/// `{{7*7}}` and look for the product.
pub(crate) async fn print(lab: &Lab, call: &Call) -> Answer {
    let body = call.json()?;
    let template = field(&body, "template");
    if template.len() > MAX_TEMPLATE {
        return Err(Problem::bad("the template is too long"));
    }
    let caller = call.user()?;
    let text = if lab.has(&label_template::FLAW) {
        let vault = lab.db.one("select value from secrets where name = 'vault'", &[]).await?;
        let vault = vault.map(|row| row["value"].clone()).unwrap_or_default();
        evaluate(
            template,
            &[("login", &caller.login), ("config.vault", vault.as_str().unwrap_or(""))],
        )
    } else {
        template.replace("{{login}}", &caller.login)
    };
    ok(json!({"form": 49, "text": text}))
}

/// Replaces every `{{…}}` by what it says: a name, or a product or sum of two whole numbers.
fn evaluate(template: &str, names: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((inner, behind)) = after.split_once("}}") else { break };
        out.push_str(before);
        let inner = inner.trim();
        let number = |text: &str| text.trim().parse::<i64>().ok();
        let pair = |sign: char| {
            let (left, right) = inner.split_once(sign)?;
            number(left).zip(number(right))
        };
        if let Some((_, value)) = names.iter().find(|(name, _)| *name == inner) {
            out.push_str(value);
        } else if let Some((left, right)) = pair('*') {
            out.push_str(&left.saturating_mul(right).to_string());
        } else if let Some((left, right)) = pair('+') {
            out.push_str(&left.saturating_add(right).to_string());
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::evaluate;

    #[test]
    fn expressions_are_evaluated_and_half_ones_left_alone() {
        assert_eq!(evaluate("{{ 7*7 }} {{name}} {{x", &[("name", "n")]), "49 n {{x");
        assert_eq!(evaluate("{{9223372036854775807*9}}", &[]), "9223372036854775807");
    }
}
