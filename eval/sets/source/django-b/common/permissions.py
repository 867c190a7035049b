from rest_framework.permissions import BasePermission


class DispatcherOnly(BasePermission):
    message = "Only dispatchers may do this."

    def has_permission(self, request, view):
        return bool(request.user and request.user.is_authenticated and request.user.groups.filter(name="dispatch").exists())
