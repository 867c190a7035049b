from django.urls import path

from . import views

urlpatterns = [
    path("", views.TripList.as_view()),
    path("<int:pk>/", views.TripDetail.as_view()),
    path("<int:pk>/finish/", views.finish),
    path("shared/<uuid:key>/", views.SharedTrip.as_view()),
    path("statistics/", views.statistics),
]
