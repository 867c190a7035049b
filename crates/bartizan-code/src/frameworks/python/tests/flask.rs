//! Applications of Flask in further styles.

use super::routes_of;

/// Prefixes in a dictionary, resources in a loop, guards of blueprints.
static APPLICATION: &[(&str, &str)] = &[
    (
        "wsgi.py",
        r##"from proj import create_app
app = create_app()
"##,
    ),
    (
        "proj/__init__.py",
        r##"import os
from flask import Flask as F, g, request, jsonify
from werkzeug.exceptions import Unauthorized
from .db import db
from . import api, web

def create_app(env=None):
    app = F(__name__)
    app.config.from_object(os.getenv("CFG", "proj.config.Dev"))
    db.init_app(app)
    with app.app_context():
        api.init_app(app)
        web.init_app(app)
    register_blueprints(app)
    register_hooks(app)
    return app

def register_blueprints(app):
    from .admin import bp as admin_bp, staff
    BLUEPRINTS = {"/admin": admin_bp, "/staff": staff}
    for prefix, bp in BLUEPRINTS.items():
        app.register_blueprint(bp, url_prefix=prefix)

def register_hooks(app):
    @app.before_request
    def protect_api():
        if not request.path.startswith("/api/private"):
            return
        auth = request.authorization
        if not auth or not check(auth.username, auth.password):
            raise Unauthorized()
    @app.after_request
    def hdr(r):
        return r
    @app.errorhandler(404)
    def nf(e):
        return jsonify({}), 404
"##,
    ),
    (
        "proj/admin.py",
        r##"from flask import Blueprint, render_template
from flask_login import login_required
from .decorators import admin_only, Require, optional_login
bp = Blueprint("admin", __name__)
staff = Blueprint("staff", __name__, template_folder="t")

@bp.before_request
@login_required
def before_request():
    """Protect all."""

@bp.route("/")
def index(): ...

@bp.route("/users/<uuid:user_id>/ban", methods=["POST"], strict_slashes=False)
@admin_only
def ban(user_id): ...

@staff.route("/a")
@Require("staff")
def a(): ...

@staff.route("/b")
@staff.route("/b/<int:page>")
@optional_login
def b(page=1): ...

@staff.post("/c")
@admin_only()
def c(): ...
"##,
    ),
    (
        "proj/db.py",
        r##"from flask_sqlalchemy import SQLAlchemy
db = SQLAlchemy()
"##,
    ),
    (
        "proj/decorators.py",
        r##"import functools
from flask import g, abort, request
from http import HTTPStatus
def admin_only(fn=None):
    def deco(f):
        @functools.wraps(f)
        def wrapped(*a, **kw):
            ensure()
            return f(*a, **kw)
        return wrapped
    return deco(fn) if fn else deco

def ensure():
    user = getattr(g, "user", None)
    if user is None:
        abort(HTTPStatus.UNAUTHORIZED)

class Require:
    def __init__(self, role): self.role = role
    def __call__(self, f):
        @functools.wraps(f)
        def w(*a, **k):
            if g.get("user") is None:
                abort(403)
            return f(*a, **k)
        return w

def optional_login(f):
    @functools.wraps(f)
    def w(*a, **k):
        token = request.headers.get("Authorization", "")
        if token:
            try:
                g.user = decode(token)
            except Exception:
                abort(401)
        return f(*a, **k)
    return w
"##,
    ),
    (
        "proj/api/__init__.py",
        r##"from flask import Blueprint
from flask_restful import Api
from .res import Thing, ThingList, Login

private = Blueprint("private", __name__)
api = Api(private)
def init_app(app):
    for cls, url in [(Thing, "/things/<int:id>"), (ThingList, "/things")]:
        api.add_resource(cls, url)
    app.register_blueprint(private, url_prefix="/api/private")
    public = Blueprint("public", __name__, url_prefix="/api/public")
    Api(public).add_resource(Login, "/login", "/signin")
    app.register_blueprint(public)
"##,
    ),
    (
        "proj/api/res.py",
        r##"from flask_restful import Resource, reqparse
class Base(Resource):
    pass
class Thing(Base):
    def get(self, id): ...
    def put(self, id): ...
class ThingList(Base):
    def get(self): ...
class Login(Resource):
    def post(self):
        return {}, 401
"##,
    ),
    (
        "proj/web/__init__.py",
        r##"from .pages import pages
from .account import account
def init_app(app):
    app.register_blueprint(pages)
    app.register_blueprint(account, url_prefix="/account")
    app.add_url_rule("/health", "health", lambda: "ok")
    app.add_url_rule("/ver", view_func=version, methods=["GET"])
def version():
    return "1"
"##,
    ),
    (
        "proj/web/account.py",
        r##"from flask import Blueprint, session, redirect, url_for, request
from flask_wtf.csrf import csrf_exempt
account = Blueprint("account", __name__)
PUBLIC_ENDPOINTS = ["account.login", "account.register"]

@account.before_request
def check_login():
    if request.endpoint not in PUBLIC_ENDPOINTS and "user_id" not in session:
        return redirect(url_for("account.login", next=request.path))

@account.route("/login", methods=["GET", "POST"])
def login(): ...
@account.route("/register", methods=["POST"])
def register(): ...
@account.route("/profile")
def profile(): ...
"##,
    ),
    (
        "proj/web/pages.py",
        r##"from flask import Blueprint, views
pages = Blueprint("pages", __name__)
class Page(views.MethodView):
    init_every_request = False
    def __init__(self, model): self.model = model
    def get(self, id): ...
    def delete(self, id): ...
def register_api(bp, model, name):
    item = Page.as_view(f"{name}-item", model)
    bp.add_url_rule(f"/{name}/<int:id>", view_func=item)
register_api(pages, "User", "users")
register_api(pages, "Post", "posts")
"##,
    ),
];

/// Its routes.
static APPLICATION_ROUTES: &[&str] = &[
    "DELETE /posts/{id} none",
    "DELETE /users/{id} none",
    "GET /account/login none",
    "GET /account/profile required",
    "GET /admin/ required",
    "GET /api/private/things required",
    "GET /api/private/things/{id} required",
    "GET /health none",
    "GET /posts/{id} none",
    "GET /staff/a required",
    "GET /staff/b none",
    "GET /staff/b/{page} none",
    "GET /users/{id} none",
    "GET /ver none",
    "POST /account/login none",
    "POST /account/register none",
    "POST /admin/users/{user_id}/ban required",
    "POST /api/public/login none",
    "POST /api/public/signin none",
    "POST /staff/c required",
    "PUT /api/private/things/{id} required",
];

#[test]
fn a_factory_registers_by_functions_of_packages() {
    assert_eq!(routes_of(APPLICATION), APPLICATION_ROUTES);
}

/// An application that its own modules import.
static OTHER: &[(&str, &str)] = &[
    (
        "run.py",
        r##"from app import app
app.run()
"##,
    ),
    (
        "app/__init__.py",
        r##"from flask import Flask
from flask_restx import Api
from flask_login import LoginManager
app = Flask(__name__)
login = LoginManager(app)
login.login_view = "login"
api = Api(app, version="1.0", prefix="/rest", doc="/docs")
from app import routes, todos
"##,
    ),
    (
        "app/routes.py",
        r##"from flask import render_template, redirect, url_for, flash, session, g
from functools import wraps
from flask_login import current_user, login_required
from app import app

def members(view):
    @wraps(view)
    def wrapped(**kwargs):
        if g.user is None or not session.get("uid"):
            flash("nope")
            return redirect(url_for("index"))
        return view(**kwargs)
    return wrapped

def cached(seconds=10):
    def deco(f):
        @wraps(f)
        def w(*a, **k):
            hit = store.get(f.__name__)
            if hit is not None:
                return hit
            return f(*a, **k)
        return w
    return deco

@app.route("/")
@app.route("/index")
@cached(seconds=5)
def index(): ...

@app.route("/user/<username>")
@login_required
def user(username): ...

@app.route("/m", methods=["GET", "HEAD"])
@members
def m(): ...
"##,
    ),
    (
        "app/todos.py",
        r##"from flask_restx import Resource, fields
from flask_jwt_extended import jwt_required
from app import api
ns = api.namespace("todos", description="x")
model = ns.model("T", {})
@ns.route("/")
class TodoList(Resource):
    @ns.marshal_list_with(model)
    def get(self): ...
    @ns.expect(model)
    @jwt_required()
    def post(self): ...
@ns.route("/<int:id>")
@ns.param("id", "x")
class Todo(Resource):
    method_decorators = [jwt_required()]
    def get(self, id): ...
@api.route("/ping")
class Ping(Resource):
    def get(self): ...
"##,
    ),
];

/// Its routes.
static OTHER_ROUTES: &[&str] = &[
    "GET / none",
    "GET /index none",
    "GET /m required",
    "GET /rest/ping none",
    "GET /rest/todos/ none",
    "GET /rest/todos/{id} required",
    "GET /user/{username} required",
    "POST /rest/todos/ required",
];

#[test]
fn modules_import_each_other() {
    assert_eq!(routes_of(OTHER), OTHER_ROUTES);
}
