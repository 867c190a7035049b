"""Bookshelf: a small club that swaps books by post."""
import hashlib
import hmac
import logging

import requests
from flask import Flask, abort, flash, jsonify, redirect, render_template, request, session, url_for
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user, logout_user
from flask_sqlalchemy import SQLAlchemy

from guards import club_member, needs_keeper, no_store

app = Flask(__name__)
app.config["SECRET_KEY"] = "made-up-bookshelf-session-key-8c1f0e2d7b6a5948"
app.config["SQLALCHEMY_DATABASE_URI"] = "postgresql://bookshelf:invented-Pa55-7781@db.example.com/bookshelf"
app.config["PARCEL_URL"] = "https://parcels.example.com"

db = SQLAlchemy(app)
login_manager = LoginManager(app)
login_manager.login_view = "login"
log = logging.getLogger(__name__)


class User(UserMixin, db.Model):
    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String(120), unique=True)
    keeper = db.Column(db.Boolean, default=False)


@login_manager.user_loader
def load_user(user_id):
    return db.session.get(User, int(user_id))


@app.before_request
def log_request():
    log.info("%s %s", request.method, request.path)


@app.after_request
def security_headers(response):
    response.headers["X-Frame-Options"] = "DENY"
    return response


@app.route("/")
def index():
    return render_template("index.html")


@app.route("/status")
@no_store
def status():
    return jsonify(ok=True)


@app.route("/login", methods=["GET", "POST"])
def login():
    if request.method == "POST":
        user = User.query.filter_by(email=request.form["email"]).first()
        if user is None:
            flash("We do not know this address")
            return redirect(url_for("login"))
        login_user(user)
        return redirect(url_for("shelf"))
    return render_template("login.html")


@app.post("/logout")
@login_required
def logout():
    logout_user()
    return redirect("/")


@app.route("/shelf")
@login_required
def shelf():
    return render_template("shelf.html", user=current_user)


@app.route("/books")
@app.route("/books/page/<int:page>")
def books(page=1):
    return jsonify(page=page, items=[])


@app.get("/books/<isbn>")
def book(isbn):
    return jsonify(isbn=isbn)


@app.route("/books/<isbn>", methods=["PUT", "DELETE"])
@needs_keeper
def edit_book(isbn):
    if request.method == "DELETE":
        return "", 204
    return jsonify(request.get_json())


@app.route("/books/<isbn>/swap", methods=("POST",))
@club_member
def swap(isbn):
    res = requests.post(app.config["PARCEL_URL"] + "/labels", json={"isbn": isbn}, timeout=5)
    return jsonify(label=res.json()["id"]), 201


@app.route("/covers/<path:filename>")
def cover(filename):
    return redirect(f"https://covers.example.com/{filename}")


@app.route("/swaps/<uuid:swap_id>/letters", methods=["GET", "POST"])
@login_required
def letters(swap_id):
    return jsonify(swap=str(swap_id))


# @app.route("/swaps/<uuid:swap_id>/rate", methods=["POST"])
# def rate(swap_id):
#     ...


@app.delete("/account")
@club_member
def close_account():
    session.clear()
    return "", 204


@app.post("/hooks/parcel")
def parcel_hook():
    mac = hmac.new(app.secret_key.encode(), request.get_data(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(mac, request.headers.get("X-Parcel-Sign", "")):
        abort(400)
    return "", 204


def keeper_report(kind):
    return jsonify(kind=kind)


app.add_url_rule("/reports/<any(month,year):kind>", "keeper_report", needs_keeper(keeper_report))

if __name__ == "__main__":
    app.run()
