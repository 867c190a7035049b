from flask import Blueprint, jsonify

rooms = Blueprint("rooms", __name__)


@rooms.get("/")
def index():
    return jsonify([])


@rooms.post("/<room>/close")
def close(room):
    return jsonify(room=room, closed=True)
