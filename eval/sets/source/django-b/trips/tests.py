from rest_framework.test import APITestCase


class TripApiTests(APITestCase):
    def test_closed_by_default(self):
        self.assertEqual(self.client.get("/api/v1/trips/").status_code, 401)
        self.assertEqual(self.client.patch("/api/v1/trips/statistics/").status_code, 401)
