//! Examples of Flask applications.

use crate::frameworks::Example;

pub(super) static EXAMPLES: &[Example] = &[
    Example {
        title: "decorators and their order",
        files: &[(
            "app.py",
            r#"from functools import wraps
from flask import Flask, jsonify, request, session, redirect, url_for, g
from flask_login import login_required
from flask_jwt_extended import jwt_required

app = Flask(__name__)

def gate(f):
    @wraps(f)
    def inner(*args, **kwargs):
        token = request.headers.get("Authorization")
        if not token:
            return jsonify(message="missing"), 401
        g.user = decode(token)
        return f(*args, **kwargs)
    return inner

def role(name):
    def decorate(f):
        @wraps(f)
        def inner(*args, **kwargs):
            if "user" not in session:
                return redirect(url_for("login"))
            return f(*args, **kwargs)
        return inner
    return decorate

def timed(f):
    @wraps(f)
    def inner(*args, **kwargs):
        result = f(*args, **kwargs)
        return result, 401
    return inner

@app.route("/")
@timed
def index():
    return ""

@app.route("/login", methods=["GET", "POST"])
def login():
    if request.method == "POST" and not ok():
        return "no", 401
    return ""

@app.route("/users/<int:user_id>/", methods=("PUT",))
@gate
def user(user_id):
    return ""

@login_required
@app.route("/wrong")
def wrong():
    return ""

@app.get("/right")
@login_required
def right():
    return ""

@app.post("/admin")
@role("admin")
def admin():
    return ""

@app.delete("/maybe")
@jwt_required(optional=True)
def maybe():
    return ""

@app.patch("/jwt")
@jwt_required()
def jwt():
    return ""

def late(name):
    return ""

app.add_url_rule("/late/<name>", view_func=gate(late))
app.add_url_rule("/later", "later", late, methods=["POST"])
"#,
        )],
        routes: &[
            "GET / none",
            "GET /login none",
            "POST /login none",
            "PUT /users/{user_id}/ required",
            "GET /wrong none",
            "GET /right required",
            "POST /admin required",
            "DELETE /maybe none",
            "PATCH /jwt required",
            "GET /late/{name} required",
            "POST /later none",
        ],
    },
    Example {
        title: "blueprints of several files, nested, with prefixes at both places",
        files: &[
            (
                "shop/__init__.py",
                r#"from flask import Flask
from .extensions import API_PREFIX

def create_app(config=None):
    app = Flask(__name__)
    from .views import register
    register(app)
    return app
"#,
            ),
            ("shop/extensions.py", "API_PREFIX = '/api'\n"),
            (
                "shop/views/__init__.py",
                r#"from ..extensions import API_PREFIX
from .users import bp as users_bp
from .admin import admin, reports
from .open import pages

def register(app):
    admin.register_blueprint(reports, url_prefix="/reports")
    for blueprint in [users_bp, admin]:
        app.register_blueprint(blueprint)
    app.register_blueprint(pages, url_prefix=f"{API_PREFIX}/pages")
"#,
            ),
            (
                "shop/views/users.py",
                r#"from flask import Blueprint
from flask_login import login_required
from ..extensions import API_PREFIX

bp = Blueprint("users", __name__, url_prefix=API_PREFIX + "/users")

@bp.route("/")
@login_required
def index():
    pass

@bp.route("", methods=["POST"])
def create():
    pass
"#,
            ),
            (
                "shop/views/admin.py",
                r#"from flask import Blueprint, abort
from flask_login import current_user

admin = Blueprint("admin", __name__, url_prefix="/admin")
reports = Blueprint("reports", __name__, url_prefix="/ignored")

@admin.before_request
def only_staff():
    if not current_user.is_authenticated or not current_user.is_staff:
        abort(403)

@admin.get("/")
def home():
    pass

@reports.get("/daily")
def daily():
    pass
"#,
            ),
            (
                "shop/views/open.py",
                r#"from flask import Blueprint
pages = Blueprint("pages", __name__, url_prefix="/pages")

@pages.route("/<path:name>")
def page(name):
    pass
"#,
            ),
        ],
        routes: &[
            "GET /api/users/ required",
            "POST /api/users none",
            "GET /admin/ required",
            "GET /admin/reports/daily required",
            "GET /api/pages/{name} none",
        ],
    },
    Example {
        title: "a function before all requests that exempts endpoints",
        files: &[
            (
                "app.py",
                r#"from flask import Flask, request, g, jsonify, current_app
from auth import auth, is_open
from api import api

app = Flask(__name__)
app.register_blueprint(auth, url_prefix="/auth")
app.register_blueprint(api, url_prefix="/api")
PUBLIC = {"health", "auth.login"}

@app.before_request
def load():
    g.user = None
    token = request.cookies.get("token")
    if token:
        g.user = find(token)

@app.before_request
def check():
    if request.method == "OPTIONS":
        return None
    if request.endpoint in PUBLIC or request.path.startswith("/static"):
        return None
    view = current_app.view_functions.get(request.endpoint)
    if getattr(view, "is_open", False):
        return
    if g.user is None:
        return jsonify({"error": "sign in"}), 401

@app.route("/health")
def health():
    return "ok"
"#,
            ),
            (
                "auth.py",
                r#"from flask import Blueprint
auth = Blueprint("auth", __name__)

def is_open(f):
    f.is_open = True
    return f

@auth.post("/login")
def login():
    pass

@auth.post("/logout")
def logout():
    pass
"#,
            ),
            (
                "api.py",
                r#"from flask import Blueprint
from auth import is_open
api = Blueprint("api", __name__)

@api.get("/orders")
def orders():
    pass

@api.get("/catalogue")
@is_open
def catalogue():
    pass
"#,
            ),
        ],
        routes: &[
            "GET /health none",
            "POST /auth/login none",
            "POST /auth/logout required",
            "GET /api/orders required",
            "GET /api/catalogue none",
        ],
    },
    Example {
        title: "views and resources that are classes",
        files: &[
            (
                "views.py",
                r#"from flask import Blueprint
from flask.views import MethodView, View
from flask_login import login_required

bp = Blueprint("v", __name__, url_prefix="/v")

class Users(MethodView):
    decorators = [login_required]

    def get(self, user_id=None):
        pass

    def post(self):
        pass

class Page(View):
    methods = ["GET", "POST"]

    def dispatch_request(self):
        pass

view = Users.as_view("users")
bp.add_url_rule("/users/", defaults={"user_id": None}, view_func=view, methods=["GET"])
bp.add_url_rule("/users/", view_func=view, methods=["POST"])
bp.add_url_rule("/users/<int:user_id>", view_func=view, methods=["GET"])
bp.add_url_rule("/page", view_func=Page.as_view("page"))
bp.add_url_rule("/closed", view_func=login_required(Page.as_view("closed")))
"#,
            ),
            (
                "resources.py",
                r#"from flask_restful import Resource
from flask_jwt_extended import jwt_required

class Item(Resource):
    @jwt_required()
    def delete(self, name):
        pass

    def get(self, name):
        pass

class Items(Resource):
    method_decorators = {"post": [jwt_required()]}

    def get(self):
        pass

    def post(self):
        pass
"#,
            ),
            (
                "spaces.py",
                r#"from flask_restx import Namespace, Resource
from auth import token_required

ns = Namespace("cats", description="Cats")

@ns.route("/", "/all")
class Cats(Resource):
    @ns.doc("list")
    def get(self):
        pass

    @token_required
    @ns.expect(None)
    def post(self):
        pass
"#,
            ),
            (
                "app.py",
                r#"from flask import Flask, Blueprint
from flask_restful import Api
from flask_restx import Api as Documented
from resources import Item, Items
from spaces import ns
from views import bp

app = Flask(__name__)
app.register_blueprint(bp)
api = Api(prefix="/api")

def routes(api):
    api.add_resource(Item, "/items/<string:name>")
    api.add_resource(Items, "/items", endpoint="items")

routes(api)
api.init_app(app)
inner = Blueprint("inner", __name__, url_prefix="/v2")
documented = Documented(inner, title="Cats")
documented.add_namespace(ns)
documented.add_namespace(ns, path="/felines")
app.register_blueprint(inner)
"#,
            ),
        ],
        routes: &[
            "GET /v/users/ required",
            "POST /v/users/ required",
            "GET /v/users/{user_id} required",
            "GET /v/page none",
            "POST /v/page none",
            "GET /v/closed required",
            "POST /v/closed required",
            "DELETE /api/items/{name} required",
            "GET /api/items/{name} none",
            "GET /api/items none",
            "POST /api/items required",
            "GET /v2/cats/ none",
            "GET /v2/cats/all none",
            "POST /v2/cats/ required",
            "POST /v2/cats/all required",
            "GET /v2/felines/ none",
            "GET /v2/felines/all none",
            "POST /v2/felines/ required",
            "POST /v2/felines/all required",
        ],
    },
    Example {
        title: "guards of packages",
        files: &[(
            "main.py",
            r#"from flask import Flask, Blueprint
from flask_httpauth import HTTPTokenAuth
from flask_principal import Permission, RoleNeed
from flask_jwt_extended import verify_jwt_in_request
from flask_limiter import Limiter
from flask_smorest import Api, Blueprint as Blp
from flask.views import MethodView

app = Flask(__name__)
auth = HTTPTokenAuth()
staff = Permission(RoleNeed("staff"))
limiter = Limiter(app)
closed = Blueprint("closed", __name__)
blp = Blp("pets", __name__, url_prefix="/pets")

@closed.before_request
def enter():
    verify_jwt_in_request()

@closed.route("/closed")
def inside():
    pass

@app.route("/token")
@auth.login_required
def token():
    pass

@app.route("/perhaps")
@auth.login_required(optional=True)
def perhaps():
    pass

@app.route("/staff")
@staff.require(http_exception=403)
def only_staff():
    pass

@app.route("/limited")
@limiter.limit("1/day")
def limited():
    pass

@blp.route("/<pet_id>")
class Pet(MethodView):
    @blp.response(200)
    def get(self, pet_id):
        pass

    @auth.login_required(role="admin")
    def delete(self, pet_id):
        pass

app.register_blueprint(closed)
api = Api(app)
api.register_blueprint(blp)
"#,
        )],
        routes: &[
            "GET /closed required",
            "GET /token required",
            "GET /perhaps none",
            "GET /staff required",
            "GET /limited none",
            "GET /pets/{pet_id} none",
            "DELETE /pets/{pet_id} required",
        ],
    },
    Example {
        title: "clients and blueprints that nobody registers are no routes",
        files: &[(
            "jobs.py",
            r##"import requests
from flask import Blueprint, Flask

app = Flask(__name__)
unused = Blueprint("unused", __name__)

# @app.route("/commented")
DOC = "@app.route('/text')"

@unused.route("/unused")
def nothing():
    pass

def fetch(cache):
    cache.get("/key")
    return requests.get("/remote")
"##,
        )],
        routes: &[],
    },
];
