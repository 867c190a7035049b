use crate::{Limits, syntax::{File, Language, Piece}};
fn show(p: Piece<'_>, d: usize) {
    let t: String = p.text().chars().take(50).collect();
    let mut fields = String::new();
    for f in ["name","body","type","parameters","arguments","object","function","expression","condition","consequence","key","value","superclass","interfaces","returns","field","left","right","operator","initializer","argument"] {
        if let Some(parent) = p.parent() && let Some(c) = parent.field(f) && c == p { fields.push_str(f); fields.push(':'); }
    }
    println!("{}{fields}{} {:?}", "  ".repeat(d), p.kind(), t);
    for c in p.children() { show(c, d+1); }
}
#[test]
fn dump() {
    for (l, f) in [(Language::Java, "/tmp/d.java"), (Language::CSharp, "/tmp/d.cs")] {
        let Ok(text) = std::fs::read_to_string(f) else { continue };
        let file = File::parse("x", l, text, &Limits::default()).unwrap();
        show(file.root(), 0);
    }
}
