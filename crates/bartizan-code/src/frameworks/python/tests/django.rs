//! An application of Django REST framework in further styles.

use super::routes_of;

/// Patterns in lists and settings, actions by hand, permissions by action.
static APPLICATION: &[(&str, &str)] = &[
    ("backend/apps/__init__.py", ""),
    ("backend/apps/shop/__init__.py", ""),
    (
        "backend/apps/shop/permissions.py",
        r##"from rest_framework.permissions import BasePermission, SAFE_METHODS
class IsOwnerOrReadOnly(BasePermission):
    def has_object_permission(self, request, view, obj):
        return request.method in SAFE_METHODS or obj.owner_id == request.user.id
class IsVendor(BasePermission):
    message = "x"
    def has_permission(self, request, view):
        if request.method in SAFE_METHODS:
            return True
        return hasattr(request.user, "vendor")
"##,
    ),
    (
        "backend/apps/shop/urls.py",
        r##"from rest_framework.routers import DefaultRouter
from rest_framework_nested.routers import NestedDefaultRouter
from .views import ProductViewSet, ReviewViewSet, CartView, CategoryViewSet
app_name = "shop"
router = DefaultRouter()
router.register("products", ProductViewSet, basename="product")
router.register(r"", CategoryViewSet)
reviews = NestedDefaultRouter(router, "products", lookup="product")
reviews.register("reviews", ReviewViewSet, basename="rv")
from django.urls import path
urlpatterns = router.urls + reviews.urls + [path("cart/", CartView.as_view())]
"##,
    ),
    (
        "backend/apps/shop/views.py",
        r##"from rest_framework import viewsets, mixins, permissions, generics
from rest_framework.decorators import action
from .permissions import IsOwnerOrReadOnly, IsVendor

class BaseViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    permission_classes = [permissions.AllowAny]

class ProductViewSet(BaseViewSet):
    permission_classes_by_action = {"create": [permissions.IsAdminUser], "list": [permissions.AllowAny]}
    def get_permissions(self):
        try:
            return [p() for p in self.permission_classes_by_action[self.action]]
        except KeyError:
            return [p() for p in self.permission_classes]
    def create(self, request): ...
    @action(methods=["get", "post"], detail=True, url_path=r"stock/(?P<sku>\w+)", url_name="stock")
    def stock(self, request, pk=None, sku=None): ...

class ReviewViewSet(viewsets.ModelViewSet):
    permission_classes = [permissions.IsAuthenticatedOrReadOnly, IsOwnerOrReadOnly]
    http_method_names = ["get", "post", "delete"]

class CategoryViewSet(viewsets.ReadOnlyModelViewSet):
    permission_classes = (IsVendor,)
    lookup_field = "slug"

class CartView(generics.GenericAPIView):
    permission_classes = [~permissions.IsAuthenticated]
    def get(self, request): ...
    def delete(self, request): ...
"##,
    ),
    ("backend/apps/users/__init__.py", ""),
    (
        "backend/apps/users/urls.py",
        r##"from django.urls import path
from . import views
from .views import UserViewSet
user_list = UserViewSet.as_view({"get": "list", "post": "create"})
user_detail = UserViewSet.as_view(actions={"get": "retrieve", "delete": "destroy"})
urlpatterns = [
    path("", user_list),
    path("<int:pk>/", user_detail),
    path("register/", views.register),
    path("me/", views.MeView.as_view()),
    path("profile/", views.profile_view),
    path("password/", views.ChangePassword.as_view()),
]
"##,
    ),
    (
        "backend/apps/users/views.py",
        r##"from rest_framework import status, generics, permissions, viewsets
from rest_framework.decorators import api_view, permission_classes, authentication_classes
from rest_framework.permissions import AllowAny, IsAuthenticated, IsAdminUser
from rest_framework.response import Response
from rest_framework.views import APIView
from django.contrib.auth.decorators import login_required

class PublicMixin:
    permission_classes = (AllowAny,)
    authentication_classes = ()

class LoginView(PublicMixin, APIView):
    def post(self, request): return Response(status=401)

class Health(APIView):
    permission_classes = []
    def get(self, request): ...

class UserViewSet(viewsets.ModelViewSet):
    def get_permissions(self):
        if self.action == "create":
            self.permission_classes = [AllowAny]
        elif self.request.method == "GET":
            self.permission_classes = [IsAuthenticated]
        else:
            self.permission_classes = [IsAdminUser]
        return super().get_permissions()

@api_view(["POST"])
@permission_classes([AllowAny])
def register(request): ...

class MeView(generics.RetrieveUpdateAPIView):
    http_method_names = ["get", "patch"]

@login_required(login_url="/login/")
def profile_view(request):
    if request.method == "POST": ...
    return None

class ChangePassword(APIView):
    def get_permissions(self):
        if self.request.method == "OPTIONS":
            return [AllowAny()]
        return [IsAuthenticated()]
    def put(self, request): ...
"##,
    ),
    ("backend/core/__init__.py", ""),
    (
        "backend/core/settings.py",
        r##"from pathlib import Path
BASE_DIR = Path(__file__).resolve().parent.parent
INSTALLED_APPS = ["rest_framework"]
ROOT_URLCONF = "core.urls"
API_PREFIX = "api/v1/"
REST_FRAMEWORK = dict(DEFAULT_AUTHENTICATION_CLASSES=("x",), DEFAULT_PERMISSION_CLASSES=("rest_framework.permissions.IsAuthenticated",))
"##,
    ),
    (
        "backend/core/urls.py",
        r##"from django.conf import settings
from django.contrib import admin
from django.urls import path, include
from django.views.generic import TemplateView, RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework_simplejwt.views import TokenRefreshView
from apps.users.views import LoginView, Health

api_patterns = [
    path("auth/", include([path("login/", LoginView.as_view()), path("refresh/", TokenRefreshView.as_view())])),
    path("users/", include("apps.users.urls")),
    path("", include("apps.shop.urls", namespace="shop")),
]
urlpatterns = [
    path("admin/", admin.site.urls),
    path(settings.API_PREFIX, include(api_patterns)),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="schema")),
    path("health/", Health.as_view()),
    path("", TemplateView.as_view(template_name="index.html")),
    path("api-auth/", include("rest_framework.urls")),
]
if settings.DEBUG:
    import debug_toolbar
    urlpatterns = [path("__debug__/", include(debug_toolbar.urls))] + urlpatterns
"##,
    ),
];

/// Its routes.
static APPLICATION_ROUTES: &[&str] = &[
    "ANY /api/v1/users/profile/ required",
    "DELETE /api/v1/cart/ none",
    "DELETE /api/v1/products/{product_pk}/reviews/{pk}/ required",
    "DELETE /api/v1/users/{pk}/ required",
    "GET / none",
    "GET /api/v1/ none",
    "GET /api/v1/ required",
    "GET /api/v1/cart/ none",
    "GET /api/v1/products/ none",
    "GET /api/v1/products/{pk}/ none",
    "GET /api/v1/products/{pk}/stock/{sku}/ none",
    "GET /api/v1/products/{product_pk}/reviews/ none",
    "GET /api/v1/products/{product_pk}/reviews/{pk}/ none",
    "GET /api/v1/users/ required",
    "GET /api/v1/users/me/ required",
    "GET /api/v1/users/{pk}/ required",
    "GET /api/v1/{slug}/ none",
    "GET /docs/ none",
    "GET /health/ none",
    "GET /schema/ none",
    "PATCH /api/v1/users/me/ required",
    "POST /api/v1/auth/login/ none",
    "POST /api/v1/auth/refresh/ none",
    "POST /api/v1/products/ required",
    "POST /api/v1/products/{pk}/stock/{sku}/ none",
    "POST /api/v1/products/{product_pk}/reviews/ required",
    "POST /api/v1/users/ none",
    "POST /api/v1/users/register/ none",
    "PUT /api/v1/users/password/ required",
];

#[test]
fn settings_patterns_and_permissions_of_all_kinds() {
    assert_eq!(routes_of(APPLICATION), APPLICATION_ROUTES);
}
