from flask import Blueprint, abort, redirect, render_template, request, session, url_for

bp = Blueprint("admin", __name__)

from .rooms import rooms  # noqa: E402

bp.register_blueprint(rooms, url_prefix="/rooms")


@bp.before_request
def keep_out():
    if not session.get("admin"):
        abort(403)


@bp.route("/")
def dashboard():
    return render_template("admin/dashboard.html")


@bp.route("/settings", methods=["GET", "POST"])
def settings():
    if request.method == "POST":
        return redirect(url_for("admin.settings"))
    return render_template("admin/settings.html")
