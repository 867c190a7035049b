from flask import Blueprint, jsonify, request
from flask.views import MethodView

from ..security import token_required

loans_bp = Blueprint("loans", __name__, url_prefix="/loans")


class LoanView(MethodView):
    decorators = [token_required]

    def get(self, loan_id):
        return jsonify(id=loan_id)

    def put(self, loan_id):
        return jsonify(request.get_json())


loans_bp.add_url_rule("/<loan_id>", view_func=LoanView.as_view("loan"), methods=["GET", "PUT"])


@loans_bp.route("", methods=["GET"])
@token_required
def index():
    return jsonify([])


@loans_bp.route("", methods=["POST"])
@token_required
def ask():
    return jsonify(request.get_json()), 201
