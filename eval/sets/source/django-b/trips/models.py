from django.db import models


class Trip(models.Model):
    start = models.DateTimeField()
    end = models.DateTimeField(null=True)
    vehicle = models.ForeignKey("vehicles.Vehicle", on_delete=models.CASCADE)
