//! Tells whether a method turns callers away.

use super::{
    calls::{Call, statements},
    classes::Class,
};
use crate::{guards, syntax::Piece};

/// Methods that are looked into for one filter, each once.
const MAX_METHODS: usize = 40;

/// Whether a filter refuses callers without credentials: by what its method does where that is in
/// `ancestors`, else by its name.
pub(super) fn is_guard(name: &str, ancestors: &[&Class<'_>]) -> bool {
    match method(name, ancestors) {
        Some(body) => is_guard_by_body(name, &body, ancestors),
        None => is_guard_by_name(name),
    }
}

/// The method of that name of the first that has one.
pub(super) fn method<'f>(name: &str, ancestors: &[&Class<'f>]) -> Option<Piece<'f>> {
    ancestors.iter().find_map(|class| class.method(name))
}

fn is_guard_by_body(name: &str, body: &Piece<'_>, ancestors: &[&Class<'_>]) -> bool {
    if is_for_guests(name) || is_about_other_things(name) {
        return false;
    }
    if refuses(body, ancestors, &mut Vec::new()) {
        return true;
    }
    // What it calls may be elsewhere; a name that only promises to look somebody up does not count.
    const LOOKS_UP: &[&str] = &[
        "set",
        "load",
        "find",
        "current",
        "fetch",
        "get",
        "assign",
        "track",
        "remember",
        "resume",
        "store",
        "prepare",
        "init",
        "initialize",
        "populate",
        "cache",
        "touch",
        "update",
        "log",
        "build",
        "switch",
        "with",
        "setup",
        "sync",
        "refresh",
        "decode",
    ];
    let words = guards::words(name);
    let is_look_up = words.first().is_some_and(|word| LOOKS_UP.contains(&word.as_str()));
    let is_soft = body.text().contains("authenticate_with_http_");
    !is_look_up && !is_soft && !is_empty(body) && is_guard_by_name(name)
}

fn is_empty(body: &Piece<'_>) -> bool {
    statements(body).iter().all(|piece| piece.is(&["true", "false", "nil"]))
}

/// Whether code that is written where it is used turns callers away, as a block or lambda does.
pub(super) fn is_guard_block(body: &Piece<'_>, ancestors: &[&Class<'_>]) -> bool {
    refuses(body, ancestors, &mut Vec::new())
}

/// Whether a name alone says that callers without credentials are refused.
pub(super) fn is_guard_by_name(name: &str) -> bool {
    let known = matches!(
        name.trim_end_matches(['!', '?']),
        "doorkeeper_authorize"
            | "require_login"
            | "require_authentication"
            | "request_authentication"
            | "access_denied"
            | "deny_access"
            | "not_authenticated"
            | "user_not_authorized"
            | "authenticate_or_request_with_http_basic"
            | "authenticate_or_request_with_http_token"
            | "authenticate_or_request_with_http_digest"
            | "request_http_token_authentication"
            | "request_http_basic_authentication"
            | "authenticate_scope"
    );
    known || !is_for_guests(name) && !is_about_other_things(name) && guards::by_name(name).is_some()
}

/// Names of filters that turn away those who *are* signed in.
fn is_for_guests(name: &str) -> bool {
    let words = guards::words(name);
    let has = |wanted: &str| words.iter().any(|word| word == wanted);
    let is_reversed = has("no") || has("not") || has("unless");
    match has("redirect") || has("bounce") {
        true => {
            !is_reversed
                && (has("authenticated") || has("logged") || has("signed") || has("user"))
                && (has("if")
                    || has("when")
                    || words.first().is_some_and(|word| word == "redirect"))
        }
        false => {
            has("no") || has("not") && (has("logged") || has("signed") || has("authenticated"))
        }
    }
}

/// Names of filters that refuse for reasons that are no credentials.
fn is_about_other_things(name: &str) -> bool {
    guards::words(name).iter().any(|word| {
        matches!(
            word.as_str(),
            "feature"
                | "flag"
                | "maintenance"
                | "throttle"
                | "rate"
                | "csrf"
                | "authenticity"
                | "optional"
                | "maybe"
                | "captcha"
                | "recaptcha"
                | "version"
                | "verified_request"
        )
    }) || name == "authenticate_with_http_token"
        || name == "authenticate_with_http_basic"
}

/// Whether a text is an answer to callers that are not let in.
fn says_no(text: &str) -> bool {
    const SIGNS: &[&str] =
        &["unauthenticated", "access_denied", "access denied", "not_logged_in", "login_required"];
    let lower = text.to_lowercase();
    guards::refuses(text) || SIGNS.iter().any(|sign| lower.contains(sign))
}

fn refuses(body: &Piece<'_>, ancestors: &[&Class<'_>], seen: &mut Vec<String>) -> bool {
    for piece in body.walk() {
        let refuses = match piece.kind() {
            "call" => call_refuses(&piece, ancestors, seen),
            "assignment" => {
                let is_status = piece.field("left").is_some_and(|it| it.text().ends_with("status"));
                is_status && piece.field("right").is_some_and(|it| says_no(it.text()))
            }
            "identifier" => {
                // A method that is called without anything, not the name in a call or definition.
                let is_bare = piece.parent().is_none_or(|parent| {
                    parent.field("method") != Some(piece) && parent.field("name") != Some(piece)
                });
                is_bare && named_refuses(piece.text(), ancestors, seen)
            }
            _ => false,
        };
        if refuses {
            return true;
        }
    }
    false
}

fn call_refuses(piece: &Piece<'_>, ancestors: &[&Class<'_>], seen: &mut Vec<String>) -> bool {
    let Some(call) = Call::of(piece) else { return false };
    if is_for_banned(piece) {
        return false;
    }
    let target = || call.arguments.iter().map(|piece| piece.text()).collect::<Vec<_>>().join(" ");
    match call.name {
        "head" | "render" if is_turned_away(piece) => true,
        "throw" => target().contains("warden"),
        "raise" | "fail" => {
            let target = target();
            says_no(&target)
                || is_guard_by_name(&target) && !target.contains("Authenticity")
                || is_turned_away(piece)
        }
        "redirect_to" | "redirect_back" | "redirect_back_or_to" => {
            const SIGN_IN: &[&str] = &["login", "sign_in", "signin", "log_in", "session", "auth"];
            let target = target().to_lowercase();
            SIGN_IN.iter().any(|word| target.contains(word)) || is_turned_away(piece)
        }
        name => {
            let is_own = call.receiver.is_none_or(|receiver| receiver.text() == "self");
            // Whatever it is called, it is told what to answer: `fail_with(:unauthorized)`.
            call.receiver.is_none() && says_no(&target())
                || is_own && named_refuses(name, ancestors, seen)
                || call.receiver.is_some_and(|on| on.text().contains("warden"))
                    && matches!(name, "authenticate!")
        }
    }
}

/// Whether a method that is called by name refuses: one of the project by what it does, one of a
/// library when it is known for it.
fn named_refuses(name: &str, ancestors: &[&Class<'_>], seen: &mut Vec<String>) -> bool {
    match method(name, ancestors) {
        // One that was looked into before did not refuse.
        Some(_) if seen.len() >= MAX_METHODS || seen.iter().any(|it| it == name) => false,
        Some(body) => {
            seen.push(name.to_owned());
            refuses(&body, ancestors, seen)
        }
        None => {
            let is_demand = matches!(name, "authorize!" | "authorize" | "require_login")
                || name.starts_with("authenticate_") && name.ends_with('!')
                || name.starts_with("authenticate_or_")
                || name.starts_with("request_http_")
                || name.starts_with("render_unauth")
                || name.starts_with("unauthenticated")
                || name.starts_with("render_forbidden")
                || name.starts_with("unauthorized")
                || name.starts_with("not_authorized")
                || name == "forbidden"
                || name == "forbidden!";
            is_demand || name.starts_with("doorkeeper_authorize") || is_known_refusal(name)
        }
    }
}

fn is_known_refusal(name: &str) -> bool {
    matches!(
        name,
        "request_authentication" | "access_denied" | "deny_access" | "require_authentication"
    )
}

/// Whether code runs only for callers that are known and were shut out: nobody without credentials
/// gets there.
fn is_for_banned(piece: &Piece<'_>) -> bool {
    const SIGNS: &[&str] =
        &["banned", "suspended", "blocked", "locked?", "deactivated", "disabled", "maintenance"];
    piece
        .ancestors()
        .take_while(|around| !around.is(&["method", "lambda", "do_block", "block"]))
        .filter(|around| around.is(&["if", "if_modifier"]))
        .filter_map(|around| around.field("condition"))
        .any(|condition| {
            let text = condition.text();
            SIGNS.iter().any(|sign| text.contains(sign)) && !is_negative(text)
        })
}

/// Whether code runs only where credentials lack: `… unless current_user`, `if !signed_in?`, the
/// `else` of `if user`, or behind `return if current_user`.
fn is_turned_away(piece: &Piece<'_>) -> bool {
    for around in piece.ancestors().take(12) {
        match around.kind() {
            "unless" | "unless_modifier" => {
                let condition = around.field("condition");
                if condition.is_some_and(|condition| is_about_callers(condition.text())) {
                    return true;
                }
            }
            "if" | "if_modifier" | "conditional" => {
                let Some(condition) = around.field("condition") else { continue };
                let in_else = around
                    .field("alternative")
                    .is_some_and(|other| other.offset() <= piece.offset());
                if is_about_callers(condition.text()) && (is_negative(condition.text()) != in_else)
                {
                    return true;
                }
            }
            "binary" => {
                // `signed_in? || redirect_to(…)`
                let is_or = around.text().contains("||") || around.text().contains(" or ");
                let left = around.field("left");
                if is_or && left.is_some_and(|left| is_about_callers(left.text())) {
                    return true;
                }
            }
            "method" | "lambda" | "do_block" | "block" => return returns_before(&around, piece),
            _ => {}
        }
    }
    false
}

/// Whether `return if current_user` stands before `piece`.
fn returns_before(body: &Piece<'_>, piece: &Piece<'_>) -> bool {
    statements(body).iter().take_while(|before| before.offset() < piece.offset()).any(|before| {
        before.kind() == "if_modifier"
            && before.text().starts_with("return")
            && before
                .field("condition")
                .is_some_and(|it| is_about_callers(it.text()) && !is_negative(it.text()))
    })
}

fn is_negative(condition: &str) -> bool {
    ["!", "not ", ".nil?", ".blank?", ".empty?", "guest"].iter().any(|sign| {
        condition
            .match_indices(sign)
            .any(|(at, _)| !condition.get(at..).is_some_and(|rest| rest.starts_with("!=")))
    }) || condition.contains("!=")
}

/// Whether a condition asks who calls.
fn is_about_callers(condition: &str) -> bool {
    const SIGNS: &[&str] = &[
        "user",
        "logged",
        "signed",
        "_session",
        "@session",
        "token",
        "auth",
        "admin",
        "member",
        "owner",
        "allowed",
        "permit",
        "can?",
        "role",
        "api_key",
        "signature",
        "payload",
        "credential",
        "secret",
    ];
    let lower = condition.to_lowercase();
    SIGNS.iter().any(|sign| lower.contains(sign)) && !lower.contains("user_agent")
}
