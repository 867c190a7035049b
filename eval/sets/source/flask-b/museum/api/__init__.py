from flask import Blueprint

from .exhibits import exhibits_bp
from .loans import loans_bp
from .tokens import tokens_bp

API_ROOT = "/api/v1"

api = Blueprint("api", __name__, url_prefix=API_ROOT)
api.register_blueprint(tokens_bp)
api.register_blueprint(exhibits_bp, url_prefix="/exhibits")
api.register_blueprint(loans_bp)


@api.errorhandler(404)
def not_found(_err):
    return {"error": "not found"}, 404
