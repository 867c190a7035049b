from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.mixins import LoginRequiredMixin, UserPassesTestMixin
from django.http import JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.http import require_GET, require_POST
from django.views.generic import CreateView, DetailView, ListView, UpdateView

from .models import Comment, Event


class EventListView(ListView):
    model = Event
    paginate_by = 20


class EventDetailView(DetailView):
    model = Event


class EventCreateView(LoginRequiredMixin, CreateView):
    model = Event
    fields = ["slug", "title", "starts"]
    success_url = reverse_lazy("events:list")

    def form_valid(self, form):
        form.instance.host = self.request.user
        return super().form_valid(form)


class EventUpdateView(LoginRequiredMixin, UserPassesTestMixin, UpdateView):
    model = Event
    fields = ["title", "starts"]

    def test_func(self):
        return self.get_object().host == self.request.user


@require_GET
def archive(request, year):
    return render(request, "events/archive.html", {"events": Event.objects.filter(starts__year=year)})


@login_required
@require_POST
def join(request, slug):
    event = get_object_or_404(Event, slug=slug)
    return redirect("events:detail", slug=event.slug)


@require_POST
@staff_member_required
def hide_comment(request, slug, comment_id):
    Comment.objects.filter(pk=comment_id, event__slug=slug).delete()
    return redirect("events:detail", slug=slug)


@require_GET
def api_upcoming(request):
    return JsonResponse({"events": list(Event.objects.values("slug", "title"))})


class AttendeesApi(View):
    def get(self, request, slug):
        return JsonResponse({"count": 0})

    @method_decorator(permission_required("events.change_event", raise_exception=True))
    def post(self, request, slug):
        return JsonResponse({"added": True}, status=201)

    @method_decorator(login_required)
    def delete(self, request, slug):
        return JsonResponse({}, status=204)
