from rest_framework import generics
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import AllowAny, IsAdminUser, IsAuthenticatedOrReadOnly
from rest_framework.response import Response
from rest_framework.views import APIView

from .models import Trip
from .serializers import TripSerializer


class TripList(generics.ListCreateAPIView):
    queryset = Trip.objects.all()
    serializer_class = TripSerializer


class TripDetail(generics.RetrieveUpdateDestroyAPIView):
    queryset = Trip.objects.all()
    serializer_class = TripSerializer
    permission_classes = (IsAuthenticatedOrReadOnly,)


@api_view(["POST"])
def finish(request, pk):
    return Response({"id": pk, "finished": True})


class SharedTrip(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]

    def get(self, request, key):
        return Response({"key": key})


@api_view(["GET", "POST"])
@permission_classes([IsAdminUser])
def statistics(request):
    return Response({"trips": Trip.objects.count()})
