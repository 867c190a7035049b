from flask import render_template, request

from ..extensions import limiter
from . import web


@web.route("/", methods=["GET"])
def home():
    return render_template("home.html")


@web.route("/visit/")
def visit():
    return render_template("visit.html")


@web.route("/tickets", methods=["GET", "POST"])
@limiter.limit("10/minute")
def tickets():
    if request.method == "POST":
        return render_template("thanks.html")
    return render_template("tickets.html")
