from django.contrib import admin
from django.http import HttpResponse
from django.urls import include, path
from django.views.generic import TemplateView

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", TemplateView.as_view(template_name="home.html"), name="home"),
    path("healthz", lambda request: HttpResponse("ok")),
    path("imprint/", TemplateView.as_view(template_name="imprint.html"), name="imprint"),
    path("accounts/", include("accounts.urls")),
    path("events/", include("events.urls", namespace="events")),
]
