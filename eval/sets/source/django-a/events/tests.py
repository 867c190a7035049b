from django.test import TestCase


class EventTests(TestCase):
    def test_list(self):
        self.assertEqual(self.client.get("/events/").status_code, 200)

    def test_create_redirects(self):
        self.assertEqual(self.client.post("/events/new/").status_code, 302)
        self.assertEqual(self.client.get("/events/x/y/z/").status_code, 404)
