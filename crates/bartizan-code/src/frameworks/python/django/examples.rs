//! Examples of Django applications.

use crate::frameworks::Example;

pub(super) static EXAMPLES: &[Example] = &[
    Example {
        title: "functions and classes below included patterns",
        files: &[
            (
                "shop/settings.py",
                r#"ROOT_URLCONF = "shop.urls"
INSTALLED_APPS = ["django.contrib.auth", "books"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
"#,
            ),
            (
                "shop/urls.py",
                r#"from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.conf import settings
from django.conf.urls.static import static
from django.urls import include, path, re_path
from books import views

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", views.home, name="home"),
    path("books/", include("books.urls", namespace="books")),
    path("extra/", include(([path("one/", views.extra)], "extra"))),
    re_path(r"^archive/(?P<year>[0-9]{4})/$", login_required(views.archive)),
] + static(settings.MEDIA_URL)
"#,
            ),
            (
                "books/urls.py",
                r#"from django.urls import path
from . import views

app_name = "books"
urlpatterns = [
    path("", views.BookList.as_view(), name="list"),
    path("new/", views.BookCreate.as_view(), name="new"),
    path("<int:pk>/", views.BookDetail.as_view(), name="detail"),
    path("<slug:slug>/delete/", views.delete),
    path("<int:pk>/rate/", views.Rate.as_view()),
]
urlpatterns += [path("export", views.export)]
"#,
            ),
            (
                "books/views.py",
                r#"from django.contrib.auth.decorators import login_required, user_passes_test
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpResponseNotAllowed, JsonResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods
from django.views.generic import CreateView, DetailView, ListView

def home(request):
    return JsonResponse({})

def extra(request):
    if request.method == "GET":
        return JsonResponse({})
    elif request.method == "POST":
        return JsonResponse({})
    return HttpResponseNotAllowed(["GET", "POST"])

@require_GET
def archive(request, year):
    return JsonResponse({})

@csrf_exempt
@require_http_methods(["POST", "DELETE"])
@user_passes_test(lambda user: user.is_staff)
def delete(request, slug):
    return JsonResponse({})
@login_required
def export(request):
    if request.method == "POST":
        return JsonResponse({})
    return JsonResponse({})
class BookList(ListView):
    pass
class BookCreate(LoginRequiredMixin, CreateView):
    pass
class BookDetail(DetailView):
    def post(self, request, pk):
        pass

@method_decorator(login_required, name="dispatch")
class Rate(View):
    http_method_names = ["put"]

    def put(self, request, pk):
        pass

    def get(self, request, pk):
        pass
"#,
            ),
        ],
        routes: &[
            "ANY / none",
            "GET /extra/one/ none",
            "POST /extra/one/ none",
            "GET /archive/{year}/ required",
            "GET /books/ none",
            "GET /books/new/ required",
            "POST /books/new/ required",
            "GET /books/{pk}/ none",
            "POST /books/{pk}/ none",
            "POST /books/{slug}/delete/ required",
            "DELETE /books/{slug}/delete/ required",
            "PUT /books/{pk}/rate/ required",
            "ANY /books/export required",
        ],
    },
    Example {
        title: "view sets, their actions and permissions",
        files: &[
            (
                "project/settings/base.py",
                r#"ROOT_URLCONF = "project.urls"
INSTALLED_APPS = []
REST_FRAMEWORK = {
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
}
"#,
            ),
            ("project/settings/local.py", "from .base import *\nDEBUG = True\n"),
            (
                "project/urls.py",
                r#"from django.urls import include, path
from rest_framework.routers import DefaultRouter, SimpleRouter
from rest_framework_simplejwt.views import TokenObtainPairView
from api.views import Authors, Notes, Open, Report, Tags

router = DefaultRouter()
router.register(r"notes", Notes, basename="note")
router.register("authors", Authors)
bare = SimpleRouter(trailing_slash=False)
bare.register("tags", Tags)

urlpatterns = [
    path("api/", include(router.urls)),
    path("v2/", include((bare.urls, "v2"))),
    path("token/", TokenObtainPairView.as_view()),
    path("open/", Open.as_view()),
    path("reports/<int:pk>/", Report.as_view({"get": "retrieve", "post": "run"})),
]
"#,
            ),
            (
                "api/permissions.py",
                r#"from rest_framework import permissions

class ReadOnly(permissions.BasePermission):
    def has_permission(self, request, view):
        return request.method in permissions.SAFE_METHODS

class IsStaff(permissions.IsAuthenticated):
    def has_permission(self, request, view):
        return super().has_permission(request, view) and request.user.is_staff
"#,
            ),
            (
                "api/views.py",
                r#"from rest_framework import mixins, permissions, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny, IsAdminUser, IsAuthenticated
from rest_framework.views import APIView
from .permissions import IsStaff, ReadOnly

class Notes(viewsets.ModelViewSet):
    lookup_field = "uuid"

    def get_permissions(self):
        if self.action in ("list", "retrieve"):
            permission_classes = [AllowAny]
        elif self.action == "create":
            return []
        else:
            permission_classes = [IsAuthenticated]
        return [permission() for permission in permission_classes]

    @action(detail=True, methods=["post"], url_path="share-it")
    def share(self, request, uuid=None):
        pass

    @share.mapping.delete
    def unshare(self, request, uuid=None):
        pass

class Authors(viewsets.ReadOnlyModelViewSet):
    permission_classes = [IsStaff | ReadOnly]

    @action(detail=False, permission_classes=[IsAdminUser])
    def top(self, request):
        pass

class Tags(mixins.CreateModelMixin, mixins.ListModelMixin, viewsets.GenericViewSet):
    permission_classes = [permissions.IsAuthenticatedOrReadOnly]

class Open(APIView):
    permission_classes = ()

    def get(self, request):
        pass

class Report(viewsets.ViewSet):
    def retrieve(self, request, pk):
        pass

    @action(detail=True, methods=["post"], permission_classes=[AllowAny])
    def run(self, request, pk):
        pass
"#,
            ),
        ],
        routes: &[
            "GET /api/ required",
            "GET /api/notes/ none",
            "POST /api/notes/ none",
            "GET /api/notes/{uuid}/ none",
            "PUT /api/notes/{uuid}/ required",
            "PATCH /api/notes/{uuid}/ required",
            "DELETE /api/notes/{uuid}/ required",
            "POST /api/notes/{uuid}/share-it/ required",
            "DELETE /api/notes/{uuid}/share-it/ required",
            "GET /api/authors/ none",
            "GET /api/authors/{pk}/ none",
            "GET /api/authors/top/ required",
            "GET /v2/tags none",
            "POST /v2/tags required",
            "POST /token/ none",
            "GET /open/ none",
            "GET /reports/{pk}/ required",
            "POST /reports/{pk}/ none",
        ],
    },
    Example {
        title: "functions of Django REST framework, generic views and nested routers",
        files: &[
            ("config/settings.py", "ROOT_URLCONF = 'config.urls'\nINSTALLED_APPS = []\n"),
            (
                "config/urls.py",
                r#"from django.conf.urls import include, url
from rest_framework_nested import routers
from core import views

router = routers.SimpleRouter()
router.register("domains", views.DomainViewSet)
nested = routers.NestedSimpleRouter(router, "domains", lookup="domain")
nested.register("hosts", views.HostViewSet)

urlpatterns = [
    url(r"^me/?$", views.me),
    url(r"^things$", views.Things.as_view()),
    url(r"^things/(?P<pk>\d+)$", views.Thing.as_view()),
    url(r"^", include(router.urls + nested.urls)),
]
"#,
            ),
            (
                "core/views.py",
                r#"from rest_framework import generics, permissions, viewsets
from rest_framework.decorators import api_view, permission_classes

class IsOwner(permissions.BasePermission):
    def has_object_permission(self, request, view, obj):
        if request.method in permissions.SAFE_METHODS:
            return True
        return obj.owner == request.user

@api_view(["GET", "PUT"])
@permission_classes([permissions.IsAuthenticated])
def me(request):
    pass

class Things(generics.ListCreateAPIView):
    pass

class Thing(generics.RetrieveDestroyAPIView):
    permission_classes = [permissions.IsAuthenticatedOrReadOnly, IsOwner]

class DomainViewSet(viewsets.ReadOnlyModelViewSet):
    lookup_field = "slug"

class HostViewSet(viewsets.ReadOnlyModelViewSet):
    def destroy(self, request, pk, domain_slug):
        pass
"#,
            ),
        ],
        routes: &[
            "GET /me required",
            "PUT /me required",
            "GET /things none",
            "POST /things none",
            "GET /things/{pk} none",
            "DELETE /things/{pk} required",
            "GET /domains/ none",
            "GET /domains/{slug}/ none",
            "GET /domains/{domain_slug}/hosts/ none",
            "GET /domains/{domain_slug}/hosts/{pk}/ none",
            "DELETE /domains/{domain_slug}/hosts/{pk}/ none",
        ],
    },
    Example {
        title: "middleware of the project that exempts paths and views",
        files: &[
            (
                "site/settings.py",
                r#"ROOT_URLCONF = "urls"
INSTALLED_APPS = []
LOGIN_URL = "/accounts/login/"
EXEMPT = ["/status/"]
MIDDLEWARE = ["middleware.Gate", "middleware.timing"]
"#,
            ),
            (
                "site/middleware.py",
                r#"from django.conf import settings
from django.shortcuts import redirect
from django.urls import resolve, reverse

class Gate:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view_func, args, kwargs):
        if getattr(view_func, "is_open", False):
            return None
        if request.user.is_authenticated or request.path in settings.EXEMPT:
            return None
        if request.path == reverse("login"):
            return None
        return redirect(settings.LOGIN_URL)

def timing(get_response):
    def inner(request):
        return get_response(request)
    return inner
"#,
            ),
            (
                "site/views.py",
                r#"from functools import wraps
from django.http import HttpResponse, HttpResponseForbidden
from django.views import View

def is_open(view):
    @wraps(view)
    def inner(*args, **kwargs):
        return view(*args, **kwargs)
    inner.is_open = True
    return inner

def staff(view):
    def inner(request, *args, **kwargs):
        if not request.user.is_staff:
            return HttpResponseForbidden()
        return view(request, *args, **kwargs)
    return inner

@is_open
def about(request):
    pass

def status(request):
    pass

def account(request):
    pass

def login(request):
    pass
"#,
            ),
            (
                "site/urls.py",
                r#"from django.urls import path
import views

urlpatterns = [
    path("about/", views.about),
    path("status/", views.status),
    path("account/", views.account),
    path("accounts/login/", views.login, name="login"),
]
"#,
            ),
        ],
        routes: &[
            "ANY /about/ none",
            "ANY /status/ none",
            "ANY /account/ required",
            "ANY /accounts/login/ none",
        ],
    },
    Example {
        title: "guards of the project: decorators, mixins and permissions that say nothing by name",
        files: &[
            (
                "app/urls.py",
                r#"from django.urls import path
from . import views

urlpatterns = [
    path("a", views.a),
    path("b", views.gate(views.b)),
    path("c", views.C.as_view()),
    path("d", views.D.as_view()),
    path("e", views.E.as_view()),
]
"#,
            ),
            (
                "app/views.py",
                r#"from django.contrib.auth.mixins import AccessMixin
from django.http import JsonResponse
from django.views import View
from django.views.decorators.http import require_POST
from rest_framework.views import APIView
from rest_framework.permissions import BasePermission

def gate(view):
    def inner(request, *args, **kwargs):
        if not request.user.is_authenticated:
            return JsonResponse({}, status=401)
        return view(request, *args, **kwargs)
    return inner

@gate
@require_POST
def a(request):
    pass

@require_POST
def b(request):
    pass

class MembersOnly(AccessMixin):
    def dispatch(self, request, *args, **kwargs):
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        return super().dispatch(request, *args, **kwargs)

class C(MembersOnly, View):
    def get(self, request):
        pass

class Fine(BasePermission):
    def has_permission(self, request, view):
        return bool(request.user and request.user.is_authenticated)
class D(APIView):
    permission_classes = [Fine]
    def get(self, request):
        pass
class E(APIView):
    def get(self, request):
        pass
"#,
            ),
        ],
        routes: &[
            "POST /a required",
            "POST /b required",
            "GET /c required",
            "GET /d required",
            "GET /e none",
        ],
    },
    Example {
        title: "patterns that are not included, and calls that only look like patterns",
        files: &[
            ("x/settings.py", "ROOT_URLCONF = 'x.urls'\nINSTALLED_APPS = []\n"),
            ("x/urls.py", "from django.urls import path\n# path('old/', old)\nurlpatterns = []\n"),
            (
                "y/urls.py",
                r#"from django.urls import path
from os import path as files

urlpatterns = [path("lost/", lambda request: None)]
cache.get("/key")
files.join("/a", "b")
"#,
            ),
        ],
        routes: &[],
    },
];
