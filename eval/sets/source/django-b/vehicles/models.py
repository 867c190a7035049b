from django.db import models


class Depot(models.Model):
    name = models.CharField(max_length=80)


class Vehicle(models.Model):
    plate = models.CharField(max_length=12, unique=True)
    depot = models.ForeignKey(Depot, on_delete=models.PROTECT)
    retired = models.BooleanField(default=False)
