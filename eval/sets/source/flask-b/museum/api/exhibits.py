from flask import Blueprint, jsonify, request
from flask.views import MethodView

from ..security import curator

exhibits_bp = Blueprint("exhibits", __name__)


class ExhibitList(MethodView):
    def get(self):
        return jsonify([])

    @curator(2)
    def post(self):
        return jsonify(request.get_json()), 201


class ExhibitItem(MethodView):
    init_every_request = False

    def _load(self, exhibit_id):
        return {"id": exhibit_id}

    def get(self, exhibit_id):
        return jsonify(self._load(exhibit_id))

    @curator()
    def patch(self, exhibit_id):
        return jsonify(self._load(exhibit_id))

    @curator(3)
    def delete(self, exhibit_id):
        return "", 204


exhibits_bp.add_url_rule("/", view_func=ExhibitList.as_view("list"))
exhibits_bp.add_url_rule("/<int:exhibit_id>", view_func=ExhibitItem.as_view("item"))


@exhibits_bp.route("/<int:exhibit_id>/audio/<string(length=2):lang>")
def audio(exhibit_id, lang):
    return jsonify(url=f"https://audio.example.com/{exhibit_id}/{lang}.mp3")
