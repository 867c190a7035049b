//! Larger applications, and code that has no end.

mod django;
mod fastapi;
mod flask;
mod styles;

use std::collections::BTreeSet;

use crate::{
    Demand, Limits, routes,
    syntax::{File, Language},
};

fn parsed(files: &[(&str, &str)]) -> Vec<File> {
    files
        .iter()
        .filter_map(|(path, text)| {
            File::parse(path, Language::Python, (*text).to_owned(), &Limits::default())
        })
        .collect()
}

/// The routes of files as `METHOD /path state`, in order.
fn routes_of(files: &[(&str, &str)]) -> Vec<String> {
    let found: BTreeSet<String> = routes(&parsed(files), &Limits::default())
        .into_iter()
        .map(|route| {
            let state = match route.authorization.state {
                Demand::Required => "required",
                Demand::None => "none",
                Demand::Unclear => "unclear",
            };
            format!("{} {} {state}", route.method, route.path)
        })
        .collect();
    found.into_iter().collect()
}

#[test]
fn modules_that_import_one_another_in_a_long_row_end() {
    let files: Vec<(String, String)> = (0..3_000)
        .map(|at| {
            let text = format!("from m{} import app\nfrom fastapi import FastAPI\n", at + 1);
            (format!("m{at}.py"), text)
        })
        .collect();
    let named: Vec<(&str, &str)> =
        files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    assert!(routes_of(&named).is_empty());
}

#[test]
fn values_that_grow_without_end_end() {
    let attributes = "x = x.a\n".repeat(20_000);
    let lists = "x = [*x, *x, 1]\n".repeat(3_000);
    let texts = "t = 'abc'\n".to_owned() + &"t = t + t\n".repeat(3_000);
    let calls =
        "x = x(x)\n".repeat(20_000) + "from fastapi import FastAPI\nFastAPI().get('/')(x)\n";
    let itself = "from django.urls import path, include\nurlpatterns = []\n\
        urlpatterns += [path('a/', include(urlpatterns)), urlpatterns, urlpatterns]\n\
        urlpatterns.append(urlpatterns)\nurlpatterns.append(urlpatterns)\n";
    let mounts = "from fastapi import APIRouter, FastAPI\na = APIRouter()\nb = APIRouter()\n\
        app = FastAPI()\napp.include_router(a)\n"
        .to_owned()
        + &"a.include_router(b)\nb.include_router(a)\n".repeat(50);
    let functions = "from flask import Flask\napp = Flask(__name__)\n\
        def f(x):\n    return f(f(f(x)))\nf(app)\nf(f)\n";
    let aliases = "from typing import Annotated\nfrom fastapi import FastAPI\nA = int\n".to_owned()
        + &"A = Annotated[A, 1]\n".repeat(5_000)
        + "app = FastAPI()\n@app.get('/')\ndef f(a: A): pass\n";
    for text in [
        attributes.as_str(),
        lists.as_str(),
        texts.as_str(),
        calls.as_str(),
        itself,
        mounts.as_str(),
        functions,
        aliases.as_str(),
    ] {
        let text = format!("import fastapi, flask, django\n{text}");
        let _ = routes_of(&[("main.py", &text)]);
    }
}
