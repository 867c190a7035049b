from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from common.permissions import DispatcherOnly

from .models import Depot, Vehicle
from .serializers import DepotSerializer, VehicleSerializer


class VehicleViewSet(viewsets.ModelViewSet):
    """
    Vehicles of the fleet.

    Old clients used `GET /api/v0/cars/`, which is gone.
    """

    queryset = Vehicle.objects.all()
    serializer_class = VehicleSerializer
    lookup_field = "plate"

    @action(detail=True, methods=["post"], permission_classes=[DispatcherOnly])
    def retire(self, request, plate=None):
        vehicle = self.get_object()
        vehicle.retired = True
        vehicle.save()
        return Response(self.get_serializer(vehicle).data)

    @action(detail=False, url_path="by-depot/(?P<depot_id>[0-9]+)")
    def by_depot(self, request, depot_id=None):
        rows = self.get_queryset().filter(depot_id=depot_id)
        return Response(self.get_serializer(rows, many=True).data)

    @action(detail=True, methods=["get", "put"], url_path="service-plan")
    def service_plan(self, request, plate=None):
        return Response({"plate": plate})


class DepotViewSet(viewsets.ReadOnlyModelViewSet):
    """The map of depots is public."""

    queryset = Depot.objects.all()
    serializer_class = DepotSerializer
    permission_classes = [AllowAny]
