from django.urls import include, path
from rest_framework_simplejwt.views import TokenObtainPairView, TokenRefreshView

from common.views import ping

v1 = [
    path("", include("vehicles.urls")),
    path("trips/", include("trips.urls")),
]

urlpatterns = [
    path("ping/", ping),
    path("api/token/", TokenObtainPairView.as_view()),
    path("api/token/refresh/", TokenRefreshView.as_view()),
    path("api/v1/", include((v1, "v1"), namespace="v1")),
]
