//! Where a command of a shell may begin: a look at what stands around a sign or word.
//!
//! Each test is necessary for a rule of [`super::shell`], never sufficient.

use super::{
    look::{byte, has, is_blank, skip, skip_back},
    shell_command::Command,
};

/// Functions whose first argument is a command. Names of other functions end like them.
const CALLS: [&str; 4] = ["exec", "passthru", "popen", "__import__"];

/// Options by which programs run others, at the beginning of a value.
const OPTIONS: [&str; 3] = ["-oproxycommand=", "--upload-pack=", "--use-compress-program"];

/// Whether a command follows the separator or opening of a substitution that ends at `at`.
pub(crate) fn separator(text: &[u8], at: usize) -> bool {
    // The last of several separators decides.
    !matches!(byte(text, at), b'|' | b'&' | b';') && Command::read(text, at).is_some()
}

/// Whether a command follows the line end before `at`.
pub(crate) fn line(text: &[u8], at: usize) -> bool {
    let next = skip(text, at, |b| matches!(b, b' ' | b'\t' | b'+'));
    match byte(text, next) {
        // The last of several decides.
        b'\n' | b'\r' | 0 => false,
        _ => separator(text, next),
    }
}

/// Whether the parenthesis at `at` opens the arguments of a call that runs a command.
pub(crate) fn call(text: &[u8], at: usize) -> bool {
    has_text(text, at) && CALLS.iter().any(|name| ends(text, skip_back(text, at, is_blank), name))
        || ends(text, at, "system") && has_text(text, at)
        || ends(text, at, "getruntime")
}

/// The same for `system (…)`, which may be prose.
pub(crate) fn spaced_call(text: &[u8], at: usize) -> bool {
    has_text(text, at) && ends(text, skip_back(text, at, is_blank), "system")
}

fn has_text(text: &[u8], at: usize) -> bool {
    matches!(byte(text, skip(text, at + 1, is_blank)), b'\'' | b'"')
}

fn ends(text: &[u8], at: usize, name: &str) -> bool {
    at >= name.len() && has(text, at - name.len(), name)
}

/// Whether a look-up of JNDI may follow `${`. Its letters are hidden in further look-ups at most.
pub(crate) fn look_up(text: &[u8], at: usize) -> bool {
    memchr::memchr2(b'j', b'J', text.get(at..).unwrap_or_default()).is_some()
}

/// Whether a shell or its network device follows the slash at `at`.
pub(crate) fn slash(text: &[u8], at: usize) -> bool {
    has(text, at + 1, "bin/") || has(text, at + 1, "dev/tcp/")
}

/// Whether an interactive shell or an option that runs a command begins with the hyphen at `at`.
pub(crate) fn hyphen(text: &[u8], at: usize) -> bool {
    match byte(text, at + 1) {
        b'i' | b'I' => ends(text, skip_back(text, at, is_blank), "bash"),
        b'-' => has(text, at, "--checkpoint-action=exec"),
        _ => false,
    }
}

/// Whether the dot at `at` ends the name of the shell of Windows.
pub(crate) fn dot(text: &[u8], at: usize) -> bool {
    has(text, at, ".exe") && ends(text, at, "powershell")
}

/// Whether a value that begins at `at` is a function definition, an option that runs a command or a
/// shell of Windows.
pub(crate) fn beginning(text: &[u8], at: usize) -> bool {
    match byte(text, at) {
        b'(' => byte(text, skip(text, at + 1, is_blank)) == b')',
        b'-' => OPTIONS.iter().any(|option| has(text, at, option)),
        b'c' | b'C' => has(text, at, "cmd"),
        b'p' | b'P' => has(text, at, "powershell"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_give_signs() {
        assert!(separator(b" cat x", 0) && line(b"  ls", 0) && call(b"os.system('x')", 9));
        assert!(beginning(b"() { :;}", 0) && beginning(b"-oProxyCommand=x", 0));
        assert!(
            slash(b"/bin/sh", 0)
                && hyphen(b"bash -i", 5)
                && hyphen(b"--checkpoint-action=exec=x", 0)
        );
    }

    #[test]
    fn prose_gives_no_sign() {
        assert!(!separator(b" please call", 0) && !line(b"I've tried", 0) && !line(b"\nls", 0));
        assert!(!call(b"the system ('old')", 11) && spaced_call(b"system ('old');", 7));
        assert!(!hyphen(b"bash-like", 4) && !beginning(b"- a point", 0));
    }
}
