import uuid


class RequestIdMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.id = request.headers.get("X-Request-Id", str(uuid.uuid4()))
        response = self.get_response(request)
        response["X-Request-Id"] = request.id
        return response
