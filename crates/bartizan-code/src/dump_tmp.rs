#[test]
fn show() {
    let Ok(path) = std::env::var("SHOW") else { return };
    let found = crate::read(std::path::Path::new(&path), &crate::Limits::default(), &mut |_| {}).unwrap();
    for route in found.routes {
        let why: Vec<_> = route.authorization.guards.iter().map(|g| format!("{}@{}:{}", g.name.chars().take(50).collect::<String>(), g.place.file, g.place.line)).collect();
        println!("{:7} {:55} {:?} {}", route.method, route.path, route.authorization.state, why.join(" | "));
    }
}
