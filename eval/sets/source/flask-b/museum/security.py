from functools import wraps

import jwt
from flask import current_app, g, jsonify, request


def _claims():
    header = request.headers.get("Authorization", "")
    if not header.startswith("Bearer "):
        return None
    try:
        return jwt.decode(header[7:], current_app.config["JWT_KEY"], algorithms=["HS256"])
    except jwt.PyJWTError:
        return None


def token_required(fn):
    @wraps(fn)
    def wrapper(*args, **kwargs):
        claims = _claims()
        if claims is None:
            return jsonify(error="token required"), 401
        g.claims = claims
        return fn(*args, **kwargs)

    return wrapper


def curator(min_level=1):
    """Only curators of at least the given level may pass."""

    def deco(fn):
        @wraps(fn)
        def wrapper(*args, **kwargs):
            claims = _claims()
            if claims is None:
                return jsonify(error="token required"), 401
            if claims.get("level", 0) < min_level:
                return jsonify(error="not a curator"), 403
            g.claims = claims
            return fn(*args, **kwargs)

        return wrapper

    return deco
