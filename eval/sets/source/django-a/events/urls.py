from django.urls import include, path, re_path

from . import feeds, views

app_name = "events"

api_patterns = [
    path("upcoming/", views.api_upcoming),
    path("<slug:slug>/attendees/", views.AttendeesApi.as_view()),
]

urlpatterns = [
    path("", views.EventListView.as_view(), name="list"),
    re_path(r"^archive/(?P<year>[0-9]{4})/$", views.archive, name="archive"),
    path("new/", views.EventCreateView.as_view(), name="create"),
    path("feed/", feeds.upcoming, name="feed"),
    path("api/", include(api_patterns)),
    path("<slug:slug>/", views.EventDetailView.as_view(), name="detail"),
    path("<slug:slug>/edit/", views.EventUpdateView.as_view(), name="edit"),
    path("<slug:slug>/join/", views.join, name="join"),
    path("<slug:slug>/comments/<int:comment_id>/hide/", views.hide_comment, name="hide-comment"),
    # path("<slug:slug>/photos/", views.photos),
]
