from rest_framework.routers import SimpleRouter

from .views import DepotViewSet, VehicleViewSet

router = SimpleRouter()
router.register("vehicles", VehicleViewSet)
router.register(r"depots", DepotViewSet, basename="depot")

urlpatterns = router.urls
