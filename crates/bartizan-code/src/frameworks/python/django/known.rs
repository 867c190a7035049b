//! Views of packages: what they answer, and what they ask for.

/// Methods of a class of Django or Django REST framework by its name.
pub(super) fn methods(name: &str) -> &'static [&'static str] {
    match name {
        "TemplateView"
        | "ListView"
        | "DetailView"
        | "RedirectView"
        | "ArchiveIndexView"
        | "YearArchiveView"
        | "MonthArchiveView"
        | "DayArchiveView"
        | "TodayArchiveView"
        | "DateDetailView"
        | "ListAPIView"
        | "RetrieveAPIView"
        | "SpectacularAPIView"
        | "SpectacularSwaggerView"
        | "SpectacularRedocView"
        | "JavaScriptCatalog"
        | "PasswordResetDoneView"
        | "PasswordResetCompleteView"
        | "PasswordChangeDoneView" => &["GET"],
        "CreateView"
        | "UpdateView"
        | "FormView"
        | "DeleteView"
        | "LoginView"
        | "PasswordResetView"
        | "PasswordResetConfirmView"
        | "PasswordChangeView"
        | "ListCreateAPIView" => &["GET", "POST"],
        "LogoutView"
        | "CreateAPIView"
        | "TokenObtainPairView"
        | "TokenRefreshView"
        | "TokenVerifyView"
        | "TokenBlacklistView"
        | "TokenObtainSlidingView"
        | "TokenRefreshSlidingView"
        | "TokenObtainView"
        | "ObtainAuthToken" => &["POST"],
        "DestroyAPIView" => &["DELETE"],
        "UpdateAPIView" => &["PUT", "PATCH"],
        "RetrieveUpdateAPIView" => &["GET", "PUT", "PATCH"],
        "RetrieveDestroyAPIView" => &["GET", "DELETE"],
        "RetrieveUpdateDestroyAPIView" => &["GET", "PUT", "PATCH", "DELETE"],
        _ => &[],
    }
}

/// Whether a class of that name asks for no permission of its own, whatever settings say.
pub(super) fn is_open(name: &str) -> bool {
    name.starts_with("Token") && name.ends_with("View")
        || name.starts_with("Spectacular")
        || name == "ObtainAuthToken"
}

/// Whether Django REST framework decides on a class of that name.
pub(super) fn is_rest(name: &str) -> bool {
    name.ends_with("APIView")
        || name.ends_with("ViewSet")
        || name.ends_with("ViewSetMixin")
        || is_open(name)
}

/// Whether a view of Django lets in whom nobody knows, also where all others demand a login.
pub(super) fn is_login(name: &str) -> bool {
    matches!(
        name,
        "LoginView"
            | "PasswordResetView"
            | "PasswordResetDoneView"
            | "PasswordResetConfirmView"
            | "PasswordResetCompleteView"
    )
}

/// Actions that a class of Django REST framework brings.
pub(super) fn actions(name: &str) -> &'static [&'static str] {
    match name {
        "ModelViewSet" => &["list", "create", "retrieve", "update", "partial_update", "destroy"],
        "ReadOnlyModelViewSet" => &["list", "retrieve"],
        "ListModelMixin" => &["list"],
        "CreateModelMixin" => &["create"],
        "RetrieveModelMixin" => &["retrieve"],
        "UpdateModelMixin" => &["update", "partial_update"],
        "DestroyModelMixin" => &["destroy"],
        _ => &[],
    }
}

/// Actions of a view set with the method that each answers, and whether it is about one object.
pub(super) const STANDARD: &[(&str, &str, bool)] = &[
    ("list", "GET", false),
    ("create", "POST", false),
    ("retrieve", "GET", true),
    ("update", "PUT", true),
    ("partial_update", "PATCH", true),
    ("destroy", "DELETE", true),
];

/// Whether a permission of that name lets a caller without credentials in, for a method.
pub(super) fn permits(name: &str, method: &str) -> bool {
    let is_safe = matches!(method, "GET" | "HEAD" | "OPTIONS");
    match name {
        "AllowAny" | "BasePermission" => true,
        "IsAuthenticatedOrReadOnly"
        | "DjangoModelPermissionsOrAnonReadOnly"
        | "IsAuthenticatedOrTokenHasScope" => is_safe && name != "IsAuthenticatedOrTokenHasScope",
        _ => false,
    }
}
