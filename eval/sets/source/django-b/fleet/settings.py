import os

SECRET_KEY = os.environ["SECRET_KEY"]
ROOT_URLCONF = "fleet.urls"
ALLOWED_HOSTS = ["*"]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "rest_framework",
    "vehicles",
    "trips",
]

MIDDLEWARE = [
    "django.middleware.common.CommonMiddleware",
    "common.middleware.RequestIdMiddleware",
]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework_simplejwt.authentication.JWTAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
    "PAGE_SIZE": 50,
}

DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "fleet.sqlite3"}}
