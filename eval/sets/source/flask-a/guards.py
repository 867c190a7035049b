from functools import wraps

from flask import abort, make_response, session
from flask_login import current_user


def club_member(view):
    @wraps(view)
    def inner(*args, **kwargs):
        if "user_id" not in session and not current_user.is_authenticated:
            abort(401)
        return view(*args, **kwargs)

    return inner


def needs_keeper(view):
    @wraps(view)
    def inner(*args, **kwargs):
        if not current_user.is_authenticated or not current_user.keeper:
            abort(403)
        return view(*args, **kwargs)

    return inner


def no_store(view):
    @wraps(view)
    def inner(*args, **kwargs):
        response = make_response(view(*args, **kwargs))
        response.headers["Cache-Control"] = "no-store"
        return response

    return inner
