import os

from flask import Flask
from flask_cors import CORS

from .extensions import limiter


def create_app(config=None):
    app = Flask(__name__)
    app.config.from_mapping(JWT_KEY=os.environ.get("JWT_KEY"), **(config or {}))

    CORS(app)
    limiter.init_app(app)

    from .admin import bp as admin_bp
    from .api import api
    from .web import web

    app.register_blueprint(web)
    app.register_blueprint(api)
    app.register_blueprint(admin_bp, url_prefix="/back-office")

    @app.get("/ping")
    def ping():
        return "pong"

    return app
