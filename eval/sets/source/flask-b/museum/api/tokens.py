import jwt
from flask import Blueprint, current_app, g, jsonify, request

from ..security import token_required

tokens_bp = Blueprint("tokens", __name__, url_prefix="/tokens")


@tokens_bp.post("/")
def issue():
    body = request.get_json()
    token = jwt.encode({"sub": body["user"]}, current_app.config["JWT_KEY"], algorithm="HS256")
    return jsonify(token=token), 201


@tokens_bp.get("/self")
@token_required
def self_():
    return jsonify(g.claims)
